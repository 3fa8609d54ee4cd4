// The frame of an Avro file: a header with the schema, then blocks, each followed by the file's sync marker.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include <arrow/io/interfaces.h>

#include "millstream/format/avro/avro_type.h"
#include "millstream/format/avro/codec.h"

namespace millstream::avro {

inline constexpr int64_t kSyncBytes = 16;
using SyncMarker = std::array<char, kSyncBytes>;

struct Header {
  nlohmann::json schema_json;
  TypePtr schema;
  CodecKind codec = CodecKind::kNull;
  SyncMarker sync = {};
  int64_t bytes = 0;  ///< length of the header; its last kSyncBytes are the first sync marker
};

/// Parses a header from the first bytes of a file. *header stays empty (schema nullptr) where `data` ends within it.
/// Invalid where it is not an Avro file or its header is damaged.
Status ParseHeader(std::string_view data, Header* header);

/// Reads from a stream at its start, and leaves in `rest` what was read beyond the header. Reads at most 64 MiB.
Result<Header> ReadHeader(arrow::io::InputStream* stream, std::string* rest);

/// The header of a new file.
std::string WriteHeader(const std::map<std::string, std::string>& metadata, const SyncMarker& sync);

}  // namespace millstream::avro
