#define HOG_ROWS hog_rows_base
#define HOG_ISA "base"
#include "hog_rows.inc"
