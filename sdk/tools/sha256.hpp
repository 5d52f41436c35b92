// SHA-256 (FIPS 180-4) of a whole file, so that the SDK's tool needs no library.
#pragma once
#include <string>

std::string sha256_hex(const std::string& bytes);
