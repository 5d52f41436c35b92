#define HOG_ROWS hog_rows_avx2
#define HOG_ISA "avx2"
#define HOG_LANES 8
#include "hog_rows.inc"
