#define HOG_ROWS hog_rows_base
#define HOG_ISA "base"
#define HOG_LANES 4
#include "hog_rows.inc"
