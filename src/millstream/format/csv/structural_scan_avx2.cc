// The structural scan in AVX2 and PCLMULQDQ; called only where the processor has them.
#if defined(__x86_64__)
#include <immintrin.h>

#include "millstream/format/csv/structural_scan_internal.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,pclmul,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,pclmul,bmi,bmi2,popcnt,lzcnt")
#endif

namespace millstream::csv::avx2 {
namespace {

class Block {
 public:
  explicit Block(const uint8_t* text)
      : low_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text))),
        high_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32))) {}

  uint64_t Equal(uint8_t byte) const {
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(byte));
    return Bits(_mm256_cmpeq_epi8(low_, wanted), _mm256_cmpeq_epi8(high_, wanted));
  }
  uint64_t HighBits() const { return Bits(low_, high_); }

 private:
  static uint64_t Bits(__m256i low, __m256i high) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
           (static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32);
  }
  __m256i low_;
  __m256i high_;
};

inline uint64_t PrefixXor(uint64_t bits) {
  const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<int64_t>(bits)), _mm_set1_epi8(-1), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

}  // namespace

#include "millstream/format/csv/structural_scan_body.h"

}  // namespace millstream::csv::avx2

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
