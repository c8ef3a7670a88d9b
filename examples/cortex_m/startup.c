/* What runs before main() on a Cortex-M, and the little that is asked of the debugger: to write
   text, and to end (semihosting). */

#include "semihosting.h"

extern unsigned long _data_from, _data, _data_end, _bss, _bss_end, _stack;

int main(void);
void reset(void);
void stop(void);

union vector {
  void *stack;
  void (*handler)(void);
};

__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
  {&_stack},
  {.handler = reset},
  {.handler = stop}, /* NMI */
  {.handler = stop}, /* hard fault */
  {.handler = stop}, /* memory management fault */
  {.handler = stop}, /* bus fault */
  {.handler = stop}, /* usage fault */
};

void reset(void)
{
  const unsigned long *from = &_data_from;
  unsigned long *to;
  for (to = &_data; to < &_data_end;) *to++ = *from++;
  for (to = &_bss; to < &_bss_end;) *to++ = 0;
  end(main());
}

void stop(void)
{
  write_text("fault\n");
  end(1);
}

static void ask(int what, const void *of)
{
  register int r0 __asm__("r0") = what;
  register const void *r1 __asm__("r1") = of;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void write_text(const char *text)
{
  ask(0x04, text);
}

void end(int status)
{
  unsigned long given[2] = {0x20026, 0}; /* the program has ended by itself */
  given[1] = (unsigned long)status;
  ask(0x20, given);
  for (;;) {
  }
}
