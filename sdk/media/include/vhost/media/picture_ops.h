// What augmentation does to an RGB picture, in place, with every decision given. Each is the same, byte by byte, as the
// operation of Pillow (torchvision on PIL pictures, timm) named beside it. The result doesn't depend on the CPU.
#pragma once
#include <array>
#include <cstdint>

#include "picture.h"
#include "resample.h"

namespace vh::media {

using Colour = std::array<uint8_t, 3>;  // red, green, blue

void flip_horizontally(const PictureSpan&);

// By a table for each channel.
void auto_contrast(const PictureSpan&);                               // ImageOps.autocontrast: each channel to 0 .. 255
void equalize(const PictureSpan&);                                    // ImageOps.equalize
void invert(const PictureSpan&);                                      // ImageOps.invert
void posterize(const PictureSpan&, int bits);                         // ImageOps.posterize; 0 bits: black, 8: as it is
void solarize(const PictureSpan&, int threshold);                     // ImageOps.solarize: inverts from threshold on
void solarize_add(const PictureSpan&, int add, int threshold = 128);  // timm: adds below threshold

// Blends with black, the mean grey, the grey picture, a smoothed one; 1 leaves the picture, above 1 moves away.
// ImageEnhance.Brightness, .Contrast, .Color, .Sharpness.
void adjust_brightness(const PictureSpan&, double factor);
void adjust_contrast(const PictureSpan&, double factor);
void adjust_saturation(const PictureSpan&, double factor);
void adjust_sharpness(const PictureSpan&, double factor);
// torchvision's adjust_hue: -0.5 .. 0.5 of the circle, through 8-bit HSV, so that 0 isn't quite nothing.
void adjust_hue(const PictureSpan&, double shift);

// Pixel (x, y) of the result is taken at (a x' + b y' + c, d x' + e y' + f) with x' = x + 0.5, and so on; where that is
// outside, `fill`. Image.transform(AFFINE). The bicubic filter here has a = -1.
using Affine = std::array<double, 6>;
void transform(const PictureSpan&, const Affine&, Filter, Colour fill);
// Image.rotate: counter-clockwise around the centre, same size.
Affine rotation(double degrees, int64_t width, int64_t height);
void rotate(const PictureSpan&, double degrees, Filter, Colour fill);

}  // namespace vh::media
