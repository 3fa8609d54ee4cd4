// Hashing of keys, and the one partition function that aggregation, join, spill and shuffle share.
#pragma once

#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "millstream/row/string_slot.h"

namespace millstream {

/// A bijection on 64 bits: different words never collide.
inline uint64_t HashWord(uint64_t x) {
  constexpr uint64_t kMultiplier = 0xd6e8feb86659fd93ULL;
  x = (x ^ (x >> 32)) * kMultiplier;
  x = (x ^ (x >> 32)) * kMultiplier;
  return x ^ (x >> 32);
}

/// Folds the 128-bit product of two words (as wyhash does).
inline uint64_t MixWords(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0xa0761d6478bd642fULL) * (b ^ 0xe7037ed1a0b428dbULL);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashTwoWords(uint64_t a, uint64_t b) { return HashWord(MixWords(a, b)); }

inline uint64_t HashString(const StringSlot& slot) {
  if (slot.is_long()) [[unlikely]]
    return XXH3_64bits(slot.pointer, slot.length);
  return HashTwoWords(slot.head_word(), slot.tail_word);
}

constexpr int kPartitionBits = 8;
constexpr int kPartitions = 1 << kPartitionBits;
/// How often a partition can be split again before the hash has no bits left for the table inside it.
constexpr int kMaxPartitionLevel = 3;

/// The partition of a hash, in [0, 256). `level` > 0 splits a partition of the level before into 256 again.
inline int PartitionOf(uint64_t hash, int level = 0) {
  return static_cast<int>((hash >> (64 - kPartitionBits * (level + 1))) & (kPartitions - 1));
}

}  // namespace millstream
