// One call of an operator, written down twice: as the values a plugin hands over, and as the IValues LibTorch wants.
#pragma once
#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "vhost/ops.h"

namespace op_sample {

// The IValue is written by the row's author, never by the gateway's conversion.
struct Arg {
  vh_value value{VH_NONE, 0, {}};
  c10::IValue direct;
  std::vector<at::Tensor> tensors;  // kTensor: one; lists: all; an undefined one is NULL
  bool wants_grad = true;           // where its type allows
  enum Kind { kPlain, kTensor, kTensors, kOptionalTensors } kind = kPlain;
  std::vector<int64_t> ints;
  std::vector<double> doubles;
  std::string text;
};

struct Sample {
  std::string op;  // "aten::add.Tensor"
  std::vector<Arg> args;
  enum Compare { kValues, kShapes } compare = kValues;
};

const std::vector<Sample>& samples();

// Tensors: T normal, P in [0.5, 1.5), X of integers in [0, n), M of booleans.
Arg T(std::vector<int64_t> sizes);
Arg P(std::vector<int64_t> sizes);
Arg X(std::vector<int64_t> sizes, int64_t n);
Arg M(std::vector<int64_t> sizes);
Arg tensor(at::Tensor value);
Arg constant(Arg arg);                              // never wants a gradient
Arg list(std::vector<std::vector<int64_t>> sizes);  // Tensor[]
Arg indices(std::vector<at::Tensor> tensors);       // Tensor?[]
Arg I(int64_t value);
Arg D(double value);
Arg B(bool value);
Arg S(const char* text);
Arg L(std::vector<int64_t> values);
Arg none();
Arg dtype(int32_t number, at::ScalarType type);
Arg cpu();
Arg format(int32_t number, at::MemoryFormat format);
Arg generator();                                            // the default one
Arg int_as_double(int64_t value);                           // plugin: int, LibTorch: float
Arg int_as_list(int64_t value, std::vector<int64_t> list);  // plugin: int, LibTorch: int[N]

}  // namespace op_sample
