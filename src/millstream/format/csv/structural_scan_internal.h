// The kernels of structural_scan.h, one namespace for each instruction set. All are built from structural_scan_body.h.
#pragma once

#include "millstream/format/csv/structural_scan.h"

namespace millstream::csv {

#define MILLSTREAM_CSV_SCAN_KERNELS                                                                               \
  void ScanStructure(const Dialect& dialect, const uint8_t* text, uint32_t begin, uint32_t end, ScanState* state, \
                     StructuralIndex* index);                                                                     \
  int64_t FindLastRecordEnd(const Dialect& dialect, const uint8_t* text, int64_t size, ScanState* state);

namespace portable {
MILLSTREAM_CSV_SCAN_KERNELS
}
#if defined(__x86_64__)
namespace avx2 {
MILLSTREAM_CSV_SCAN_KERNELS
}
#endif
#undef MILLSTREAM_CSV_SCAN_KERNELS

}  // namespace millstream::csv
