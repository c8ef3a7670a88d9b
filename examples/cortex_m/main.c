/* Predicts Iris flowers on a bare Cortex-M, with the network in float and in int8. */

#define IRIS_DECLARATIONS
#include "iris.c"
#define IRIS_INT8_DECLARATIONS
#include "iris_int8.c"

#include "rows.h"
#include "semihosting.h"

static void write_number(int number)
{
  char text[12];
  int at = 11;
  text[11] = 0;
  do {
    text[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  write_text(text + at);
}

static void write_score(const char *what, int right)
{
  write_text(what);
  write_number(right);
  write_text(" of ");
  write_number(ROWS);
  write_text(" right\n");
}

int main(void)
{
  float y[IRIS_OUTPUTS], in_int8[IRIS_INT8_OUTPUTS];
  int i, right = 0, right_in_int8 = 0;
  for (i = 0; i < ROWS; i++) {
    iris_predict(rows + i * IRIS_INPUTS, y);
    iris_int8_predict(rows + i * IRIS_INPUTS, in_int8);
    right += iris_class(y) == labels[i];
    right_in_int8 += iris_int8_class(in_int8) == labels[i];
    if (i % 13 == 0) {
      write_text(iris_classes[iris_class(y)]);
      write_text(", ");
      write_number((int)(100.0f * y[iris_class(y)] + 0.5f));
      write_text(" % sure\n");
    }
  }
  write_score("float: ", right);
  write_score("int8: ", right_in_int8);
  return 0;
}
