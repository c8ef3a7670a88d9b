/* What the debugger, or QEMU, does for a program. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

void write_text(const char *text);
void end(int status);

#endif
