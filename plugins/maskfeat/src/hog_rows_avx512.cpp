#define HOG_ROWS hog_rows_avx512
#define HOG_ISA "avx512"
#define HOG_LANES 16
#include "hog_rows.inc"
