#include "millstream/format/csv/structural_scan.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace millstream::csv {
namespace {

struct Structure {
  std::vector<uint32_t> positions;
  std::vector<uint32_t> record_ends;
  ScanState state = ScanState::kFieldStart;
  bool operator==(const Structure&) const = default;
};

/// The state machine byte by byte: what the kernels must agree with.
Structure ByBytes(const Dialect& dialect, const std::string& text) {
  Structure structure;
  for (uint32_t i = 0; i < text.size(); ++i) {
    const ByteRole role = Advance(dialect, static_cast<uint8_t>(text[i]), &structure.state);
    if (role == ByteRole::kRecordEnd) structure.record_ends.push_back(static_cast<uint32_t>(structure.positions.size()));
    if (role != ByteRole::kText) structure.positions.push_back(i);
  }
  return structure;
}

/// With a kernel, in pieces that end at `cuts`.
Structure ByKernel(const Dialect& dialect, const std::string& text, const std::vector<uint32_t>& cuts, Isa isa) {
  const std::string padded = text + std::string(64, '"');
  std::vector<uint32_t> positions(text.size() + 64);
  std::vector<uint32_t> ends(text.size() + 64);
  StructuralIndex index{.positions = positions.data(), .record_ends = ends.data()};
  Structure structure;
  uint32_t begin = 0;
  for (const uint32_t end : cuts) {
    ScanStructure(dialect, reinterpret_cast<const uint8_t*>(padded.data()), begin, end, &structure.state, &index, isa);
    begin = end;
  }
  structure.positions.assign(positions.begin(), positions.begin() + static_cast<int64_t>(index.count));
  structure.record_ends.assign(ends.begin(), ends.begin() + static_cast<int64_t>(index.record_count));
  return structure;
}

std::vector<Isa> AvailableIsas() {
  std::vector<Isa> isas = {Isa::kPortable};
  if (BestIsa() != Isa::kPortable) isas.push_back(BestIsa());
  return isas;
}

rc::Gen<std::string> AnyText() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("aaaa\"\",,;\n\n\r#\\'\xC3")));
}

rc::Gen<Dialect> AnyDialect() {
  return rc::gen::build<Dialect>(rc::gen::set(&Dialect::delimiter, rc::gen::element<uint8_t>(',', ';')),
                                 rc::gen::set(&Dialect::quote, rc::gen::element<uint8_t>('"', '\'')),
                                 rc::gen::set(&Dialect::quoting, rc::gen::weightedElement<bool>({{9, true}, {1, false}})),
                                 rc::gen::set(&Dialect::double_quote, rc::gen::weightedElement<bool>({{4, true}, {1, false}})),
                                 rc::gen::set(&Dialect::escape, rc::gen::weightedElement<int>({{5, -1}, {1, '\\'}})),
                                 rc::gen::set(&Dialect::comment, rc::gen::weightedElement<int>({{5, -1}, {1, '#'}})));
}

TEST(StructuralScan, KernelsAgreeWithTheStateMachine) {
  EXPECT_TRUE(rc::check([] {
    const auto dialect = *AnyDialect();
    const auto text = *rc::gen::resize(600, AnyText());
    const auto cut = *rc::gen::inRange<uint32_t>(0, static_cast<uint32_t>(text.size()) + 1);
    const std::vector<uint32_t> cuts = {cut, static_cast<uint32_t>(text.size())};
    const Structure expected = ByBytes(dialect, text);
    for (const Isa isa : AvailableIsas()) RC_ASSERT(ByKernel(dialect, text, cuts, isa) == expected);
  }));
}

TEST(StructuralScan, FindsTheLastRecordEnd) {
  EXPECT_TRUE(rc::check([] {
    const auto dialect = *AnyDialect();
    const auto text = *rc::gen::resize(600, AnyText());
    ScanState expected_state = ScanState::kFieldStart;
    int64_t expected = -1;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      if (Advance(dialect, byte, &expected_state) == ByteRole::kRecordEnd && IsLineEnd(byte)) {
        expected = static_cast<int64_t>(i) + 1;
      }
    }
    const std::string padded = text + std::string(64, '\n');
    for (const Isa isa : AvailableIsas()) {
      ScanState state = ScanState::kFieldStart;
      RC_ASSERT(FindLastRecordEnd(dialect, reinterpret_cast<const uint8_t*>(padded.data()), static_cast<int64_t>(text.size()),
                                  &state, isa) == expected);
      RC_ASSERT(state == expected_state);
    }
  }));
}

TEST(StructuralScan, QuotesAtBlockEdges) {
  // An opening quote, a doubled one and a closing one at every place of a block of 64.
  for (size_t at = 0; at < 140; ++at) {
    const std::string before(at, 'x');
    const std::string text = before + ",\"a\"\",\n\"\"\n\",z\n" + before + "\"y,\n";
    const std::vector<uint32_t> cuts = {static_cast<uint32_t>(text.size())};
    for (const Isa isa : AvailableIsas()) EXPECT_EQ(ByKernel({}, text, cuts, isa), ByBytes({}, text)) << at;
  }
}

TEST(StructuralScan, NotesQuotesAndBytesAboveAscii) {
  const std::string text = "a,b\n" + std::string(100, 'x') + "\xC3\xA9\n" + std::string(64, '"');
  std::vector<uint32_t> positions(300);
  std::vector<uint32_t> ends(300);
  for (const Isa isa : AvailableIsas()) {
    StructuralIndex index{.positions = positions.data(), .record_ends = ends.data()};
    ScanState state = ScanState::kFieldStart;
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    ScanStructure({}, bytes, 0, 104, &state, &index, isa);
    EXPECT_FALSE(index.non_ascii);
    ScanStructure({}, bytes, 104, 107, &state, &index, isa);
    EXPECT_TRUE(index.non_ascii);
    EXPECT_FALSE(index.quotes);
  }
}

}  // namespace
}  // namespace millstream::csv
