// Precompiled as base.hpp.
