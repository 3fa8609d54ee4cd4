// The structural scan for processors without AVX2: SSE2 where there is x86, plain C++ elsewhere.
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "millstream/format/csv/structural_scan_internal.h"

namespace millstream::csv::portable {
namespace {

class Block {
 public:
  explicit Block(const uint8_t* text) : text_(text) {}

#if defined(__SSE2__)
  uint64_t Equal(uint8_t byte) const {
    const __m128i wanted = _mm_set1_epi8(static_cast<char>(byte));
    return Bits([wanted](__m128i part) { return _mm_cmpeq_epi8(part, wanted); });
  }
  uint64_t HighBits() const {
    return Bits([](__m128i part) { return part; });
  }

 private:
  template <class Map>
  uint64_t Bits(Map map) const {
    uint64_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_ + 16 * i));
      bits |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(map(part)))) << (16 * i);
    }
    return bits;
  }
#else
  uint64_t Equal(uint8_t byte) const {
    uint64_t bits = 0;
    for (int i = 0; i < 64; ++i) bits |= static_cast<uint64_t>(text_[i] == byte) << i;
    return bits;
  }
  uint64_t HighBits() const {
    uint64_t bits = 0;
    for (int i = 0; i < 64; ++i) bits |= static_cast<uint64_t>(text_[i] >> 7) << i;
    return bits;
  }

 private:
#endif
  const uint8_t* text_;
};

inline uint64_t PrefixXor(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

}  // namespace

#include "millstream/format/csv/structural_scan_body.h"

}  // namespace millstream::csv::portable
