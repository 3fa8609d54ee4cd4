#include "millstream/format/avro/container.h"

#include <algorithm>
#include <cstring>

#include "millstream/format/avro/varint.h"

namespace millstream::avro {
namespace {

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr int64_t kMaxHeaderBytes = int64_t{64} << 20;

enum class Step { kDone, kNeedMore, kDamaged };

/// A cursor over the header's bytes.
class HeaderCursor {
 public:
  explicit HeaderCursor(std::string_view data)
      : start_(reinterpret_cast<const uint8_t*>(data.data())), at_(start_), end_(start_ + data.size()) {}

  Step Long(int64_t* value) {
    const uint8_t* next = ReadLong(at_, end_, value);
    if (next == nullptr) return end_ - at_ < kMaxVarintBytes ? Step::kNeedMore : Step::kDamaged;
    at_ = next;
    return Step::kDone;
  }

  Step Bytes(std::string_view* value) {
    int64_t size = 0;
    if (const Step step = Long(&size); step != Step::kDone) return step;
    if (size < 0 || size > kMaxHeaderBytes) return Step::kDamaged;
    return Take(size, value);
  }

  Step Take(int64_t size, std::string_view* value) {
    if (end_ - at_ < size) return Step::kNeedMore;
    *value = std::string_view(reinterpret_cast<const char*>(at_), static_cast<size_t>(size));
    at_ += size;
    return Step::kDone;
  }

  int64_t position() const { return at_ - start_; }

 private:
  const uint8_t* start_;
  const uint8_t* at_;
  const uint8_t* end_;
};

/// A map of bytes: blocks of a count and as many pairs; a negative count is followed by the block's size.
Step ReadMetadata(HeaderCursor* cursor, std::map<std::string, std::string_view>* metadata) {
  while (true) {
    int64_t count = 0, size = 0;
    if (const Step step = cursor->Long(&count); step != Step::kDone) return step;
    if (count == 0) return Step::kDone;
    if (count < 0) {
      if (const Step step = cursor->Long(&size); step != Step::kDone) return step;
      if (count < -kMaxHeaderBytes) return Step::kDamaged;
      count = -count;
    }
    for (; count > 0; --count) {
      std::string_view key, value;
      if (const Step step = cursor->Bytes(&key); step != Step::kDone) return step;
      if (const Step step = cursor->Bytes(&value); step != Step::kDone) return step;
      (*metadata)[std::string(key)] = value;
    }
  }
}

void AppendBytes(std::string_view value, std::string* out) {
  uint8_t size[kMaxVarintBytes];
  uint8_t* end = WriteVarint(size, ZigZag(static_cast<int64_t>(value.size())));
  out->append(size, end);
  out->append(value);
}

}  // namespace

Status ParseHeader(std::string_view data, Header* header) {
  *header = Header();
  const size_t shown = std::min(data.size(), kMagic.size());
  if (data.substr(0, shown) != kMagic.substr(0, shown)) {
    return Status::Invalid("this is not an Avro file: it does not start with 'Obj' and 1");
  }
  if (data.size() < kMagic.size()) return Status::OK();
  HeaderCursor cursor(data.substr(kMagic.size()));
  std::map<std::string, std::string_view> metadata;
  std::string_view sync;
  Step step = ReadMetadata(&cursor, &metadata);
  if (step == Step::kDone) step = cursor.Take(kSyncBytes, &sync);
  if (step == Step::kDamaged) return Status::Invalid("the header of the Avro file is damaged");
  if (step == Step::kNeedMore) return Status::OK();
  Header parsed;
  parsed.bytes = cursor.position() + static_cast<int64_t>(kMagic.size());
  std::copy(sync.begin(), sync.end(), parsed.sync.begin());
  const auto codec = metadata.find("avro.codec");
  if (codec != metadata.end() && !codec->second.empty()) {
    ARROW_ASSIGN_OR_RAISE(parsed.codec, ParseCodec(std::string(codec->second)));
  }
  const auto schema = metadata.find("avro.schema");
  if (schema == metadata.end()) return Status::Invalid("the header of the Avro file has no schema");
  ARROW_ASSIGN_OR_RAISE(parsed.schema_json, ParseSchemaJson(schema->second));
  ARROW_ASSIGN_OR_RAISE(parsed.schema, ParseSchema(parsed.schema_json));
  *header = std::move(parsed);
  return Status::OK();
}

Result<Header> ReadHeader(arrow::io::InputStream* stream, std::string* rest) {
  rest->clear();
  Header header;
  while (static_cast<int64_t>(rest->size()) < kMaxHeaderBytes) {
    const size_t have = rest->size();
    const size_t wanted = std::max<size_t>(have, 16 * 1024);
    rest->resize(have + wanted);
    ARROW_ASSIGN_OR_RAISE(const int64_t read, stream->Read(static_cast<int64_t>(wanted), rest->data() + have));
    rest->resize(have + static_cast<size_t>(read));
    ARROW_RETURN_NOT_OK(ParseHeader(*rest, &header));
    if (header.schema) {
      rest->erase(0, static_cast<size_t>(header.bytes));
      return header;
    }
    if (read == 0) {
      if (rest->empty()) return Status::Invalid("the file is empty, so it is not an Avro file");
      return Status::Invalid("the file ends at offset ", rest->size(), " within its Avro header");
    }
  }
  return Status::Invalid("the header of the Avro file is longer than ", kMaxHeaderBytes, " bytes");
}

std::string WriteHeader(const std::map<std::string, std::string>& metadata, const SyncMarker& sync) {
  std::string out(kMagic);
  uint8_t count[kMaxVarintBytes];
  out.append(count, WriteVarint(count, ZigZag(static_cast<int64_t>(metadata.size()))));
  for (const auto& [key, value] : metadata) {
    AppendBytes(key, &out);
    AppendBytes(value, &out);
  }
  out.push_back('\0');
  out.append(sync.data(), sync.size());
  return out;
}

}  // namespace millstream::avro
