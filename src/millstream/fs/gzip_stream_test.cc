#include "millstream/fs/gzip_stream.h"

#include <random>

#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "millstream/fs/block_stream.h"
#include "millstream/fs/compression.h"

namespace millstream::fs {
namespace {

using ::testing::HasSubstr;

/// One gzip member made by Arrow's codec (zlib), which shares no code with the reader.
std::string Member(const std::string& text, int level = 6) {
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP, level).ValueOrDie();
  std::string out(static_cast<size_t>(codec->MaxCompressedLen(text.size(), nullptr)) + 64, '\0');
  const auto* input = reinterpret_cast<const uint8_t*>(text.data());
  const int64_t size = codec->Compress(text.size(), input, out.size(), reinterpret_cast<uint8_t*>(out.data())).ValueOrDie();
  out.resize(static_cast<size_t>(size));
  return out;
}

/// Text that compresses, with matches far back, of about `bytes`.
std::string Text(size_t bytes, uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < bytes) {
    if (text.size() > 40000 && random() % 4 == 0) {
      text += text.substr(random() % (text.size() - 300), random() % 300);
    } else {
      text += "row" + std::to_string(random() % 100000) + ",";
    }
  }
  text.resize(bytes);
  return text;
}

/// Hands out at most `step` bytes a read, as a network does.
class DripStream final : public arrow::io::InputStream {
 public:
  DripStream(std::string data, int64_t step) : data_(std::move(data)), step_(step) {}
  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  Result<int64_t> Read(int64_t wanted, void* out) override {
    const int64_t part = std::min({wanted, step_, static_cast<int64_t>(data_.size()) - position_});
    std::memcpy(out, data_.data() + position_, static_cast<size_t>(part));
    position_ += part;
    return part;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override { return Status::NotImplemented("not needed"); }

 private:
  std::string data_;
  int64_t step_;
  int64_t position_ = 0;
  bool closed_ = false;
};

Result<std::string> Inflate(const std::string& compressed, int64_t drip = 1 << 20,
                            const std::vector<int64_t>& reads = {1 << 16}) {
  ARROW_ASSIGN_OR_RAISE(auto stream,
                        GzipInputStream::Make(std::make_shared<DripStream>(compressed, drip), arrow::default_memory_pool()));
  std::string text;
  std::string chunk;
  for (size_t i = 0;; ++i) {
    chunk.resize(static_cast<size_t>(reads[i % reads.size()]));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, stream->Read(static_cast<int64_t>(chunk.size()), chunk.data()));
    text.append(chunk.data(), static_cast<size_t>(got));
    if (got < static_cast<int64_t>(chunk.size())) return text;
  }
}

void ExpectError(const std::string& compressed, const std::string& message) {
  auto result = Inflate(compressed);
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.status().IsIOError()) << result.status();
  EXPECT_THAT(result.status().message(), HasSubstr(message));
}

TEST(GzipInputStream, MembersFollowEachOther) {
  const std::string first = Text(100000), second = Text(50, 2);
  EXPECT_EQ(Inflate(Member(first) + Member("") + Member(second)).ValueOrDie(), first + second);
  EXPECT_EQ(Inflate(Member("")).ValueOrDie(), "");
  // Reading exactly the data and then once more gives the end, after the trailer was checked.
  EXPECT_EQ(Inflate(Member(first), 1 << 20, {100000}).ValueOrDie(), first);
}

RC_GTEST_PROP(GzipInputStream, AnySplitIntoMembersAndReadsGivesTheSame, ()) {
  std::string text, compressed;
  const auto sizes = *rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(0, 70000));
  for (uint32_t size : sizes) {
    const std::string part = Text(size, size);
    text += part;
    compressed += Member(part, 1 + static_cast<int>(size % 9));
  }
  RC_PRE(!compressed.empty());
  const auto drip = *rc::gen::element<int64_t>(1, 2, 7, 19, 1000, 1 << 20);
  auto reads = *rc::gen::nonEmpty(rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(1, 90000)));
  RC_ASSERT(Inflate(compressed, drip, reads).ValueOrDie() == text);
}

TEST(GzipInputStream, OneByteAtATime) {
  const std::string text = Text(3000);
  EXPECT_EQ(Inflate(Member(text) + Member(text), 1, {1}).ValueOrDie(), text + text);
}

TEST(GzipInputStream, StoredBlocksAndIncompressibleData) {
  std::mt19937 random(7);
  std::string noise(300000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_EQ(Inflate(Member(noise), 777, {4096, 1}).ValueOrDie(), noise);
}

TEST(GzipInputStream, HeaderFieldsAreSkipped) {
  // RFC 1952, 2.3: FEXTRA (4), FNAME (8), FCOMMENT (16).
  const std::string plain = Member("hello");
  std::string header("\x1f\x8b\x08\x1c\x01\x02\x03\x04\x00\x03", 10);
  header += std::string("\x05\x00", 2) + "extra";
  header += std::string("file name.csv\0", 14) + std::string("a comment\0", 10);
  const std::string compressed = header + plain.substr(10);
  EXPECT_EQ(Inflate(compressed).ValueOrDie(), "hello");
  EXPECT_EQ(Inflate(compressed + plain, 1, {1}).ValueOrDie(), "hellohello");
  for (int64_t drip = 1; drip < static_cast<int64_t>(compressed.size()); ++drip) {
    EXPECT_EQ(Inflate(compressed + compressed, drip).ValueOr("an error"), "hellohello") << drip << " bytes at a time";
  }
}

TEST(GzipInputStream, ZeroPaddingIsIgnoredAndOtherBytesAreNot) {
  const std::string member = Member("hello");
  EXPECT_EQ(Inflate(member + std::string(1000, '\0')).ValueOrDie(), "hello");
  EXPECT_EQ(Inflate(member + std::string(512, '\0') + member).ValueOrDie(), "hellohello");
  ExpectError(member + "garbage", "follows member 1, at compressed offset " + std::to_string(member.size()));
  ExpectError(member + std::string(3, '\0') + "x", "at compressed offset " + std::to_string(member.size() + 3));
}

TEST(GzipInputStream, NotGzip) {
  ExpectError("", "empty file is not gzip");
  ExpectError("plain text, not compressed", "not a gzip header");
  ExpectError(std::string("\x1f\x8b\x07\0\0\0\0\0\0\0\0\0\0\0", 14), "not deflate");
}

TEST(GzipInputStream, TruncationAtEveryByteIsAnError) {
  const std::string text = Text(2000);
  const std::string compressed = Member(text);
  for (size_t size = 0; size < compressed.size(); ++size) {
    auto result = Inflate(compressed.substr(0, size));
    ASSERT_FALSE(result.ok()) << size;
    EXPECT_THAT(result.status().message(), HasSubstr("cut short")) << size;
    auto second = Inflate(compressed + compressed.substr(0, size), 3, {100});
    EXPECT_EQ(second.ok(), size == 0) << size;
  }
}

TEST(GzipInputStream, EveryFlippedBitIsFoundOrHarmless) {
  const std::string text = Text(1500);
  const std::string compressed = Member(text);
  for (size_t bit = 0; bit < compressed.size() * 8; ++bit) {
    std::string broken = compressed;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    auto result = Inflate(broken, 1 << 20, {600});
    if (result.ok()) {
      const bool in_header = bit / 8 < 10;
      const bool in_padding = bit / 8 == compressed.size() - 9;  // deflate ends inside this byte
      EXPECT_TRUE(in_header || in_padding) << bit;
      EXPECT_EQ(*result, text) << bit;
    } else {
      EXPECT_THAT(result.status().message(), HasSubstr("offset")) << bit;
    }
  }
}

TEST(GzipInputStream, ChecksumAndLengthAreVerified) {
  std::string crc = Member("hello"), length = crc;
  crc[crc.size() - 8] ^= 1;
  length[length.size() - 1] ^= 1;
  ExpectError(crc, "checksum or length");
  ExpectError(length, "checksum or length");
}

RC_GTEST_PROP(GzipOutputStream, IsReadByTheCodecAndByUs, (const std::vector<std::string>& parts)) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto stream = GzipOutputStream::Make(sink, arrow::default_memory_pool()).ValueOrDie();
  std::string text;
  for (const std::string& part : parts) {
    text += part;
    RC_ASSERT(stream->Write(part.data(), static_cast<int64_t>(part.size())).ok());
  }
  RC_ASSERT(stream->Tell().ValueOrDie() == static_cast<int64_t>(text.size()));
  RC_ASSERT(stream->Close().ok());
  const std::string compressed = sink->Finish().ValueOrDie()->ToString();
  RC_ASSERT(Inflate(compressed).ValueOrDie() == text);
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP).ValueOrDie();
  std::string plain(text.size() + 1, '\0');
  const int64_t got =
      codec
          ->Decompress(static_cast<int64_t>(compressed.size()), reinterpret_cast<const uint8_t*>(compressed.data()),
                       static_cast<int64_t>(plain.size()), reinterpret_cast<uint8_t*>(plain.data()))
          .ValueOrDie();
  RC_ASSERT(plain.substr(0, static_cast<size_t>(got)) == text);
}

TEST(GzipOutputStream, AbortClosesNothing) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto stream = GzipOutputStream::Make(sink, arrow::default_memory_pool()).ValueOrDie();
  ASSERT_TRUE(stream->Write("abc", 3).ok());
  ASSERT_TRUE(stream->Abort().ok());
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->Write("abc", 3).ok());
}

class BlockStreamTest : public ::testing::TestWithParam<bool> {};

TEST_P(BlockStreamTest, GivesTheBytesWhateverTheReads) {
  const std::string text = Text(5 << 20);
  auto counter = std::make_shared<std::atomic<int64_t>>(0);
  const TaskContext context = UnlimitedContext();
  auto stream = MakeBlockStream(std::make_shared<DripStream>(text, 70001), "x", counter, {1 << 20, GetParam()}, context);
  std::string read;
  std::mt19937 random(3);
  for (;;) {
    const int64_t wanted = 1 + random() % 900000;
    auto buffer = stream->Read(wanted).ValueOrDie();
    read.append(reinterpret_cast<const char*>(buffer->data()), static_cast<size_t>(buffer->size()));
    ASSERT_EQ(stream->Tell().ValueOrDie(), static_cast<int64_t>(read.size()));
    if (buffer->size() < wanted) break;
    char one;
    if (stream->Read(1, &one).ValueOrDie() == 1) read += one;
  }
  EXPECT_TRUE(read == text);
  EXPECT_EQ(stream->Read(10).ValueOrDie()->size(), 0);
}

TEST_P(BlockStreamTest, ErrorsComeAfterTheGoodBytesAndStay) {
  const std::string text = Text(3 << 20);
  std::string compressed = Member(text);
  compressed.resize(compressed.size() - 1);
  const TaskContext context = UnlimitedContext();
  auto raw = Decompress(std::make_shared<DripStream>(compressed, 1 << 20), Compression::kGzip, context).ValueOrDie();
  auto stream = MakeBlockStream(raw, "dir/file.gz", std::make_shared<std::atomic<int64_t>>(0), {1 << 20, GetParam()}, context);
  Status status;
  int64_t good = 0;
  while (status.ok()) {
    auto buffer = stream->Read(1 << 16);
    status = buffer.status();
    if (status.ok()) good += (*buffer)->size();
  }
  EXPECT_GE(good, 1 << 20);
  EXPECT_THAT(status.message(), HasSubstr("dir/file.gz: gzip: the file is cut short"));
  EXPECT_FALSE(stream->Read(1 << 16).ok());
}

TEST_P(BlockStreamTest, CancelledRunsStop) {
  TaskContext context = UnlimitedContext();
  CancelToken cancel;
  context.cancel = &cancel;
  auto stream = MakeBlockStream(std::make_shared<DripStream>(Text(8 << 20), 1 << 20), "x",
                                std::make_shared<std::atomic<int64_t>>(0), {1 << 20, GetParam()}, context);
  ASSERT_TRUE(stream->Read(100).ok());
  cancel.Cancel();
  Status status;
  while (status.ok()) status = stream->Read(1 << 20).status();
  EXPECT_TRUE(status.IsCancelled()) << status;
}

TEST_P(BlockStreamTest, MayBeClosedInTheMiddle) {
  const TaskContext context = UnlimitedContext();
  auto stream = MakeBlockStream(std::make_shared<DripStream>(Text(8 << 20), 1 << 20), "x",
                                std::make_shared<std::atomic<int64_t>>(0), {1 << 20, GetParam()}, context);
  auto kept = stream->Read(1000).ValueOrDie();
  ASSERT_TRUE(stream->Close().ok());
  EXPECT_TRUE(stream->closed());
  EXPECT_TRUE(stream->Read(1).status().IsInvalid());
  EXPECT_EQ(kept->size(), 1000);
}

INSTANTIATE_TEST_SUITE_P(ReadAhead, BlockStreamTest, ::testing::Bool());

}  // namespace
}  // namespace millstream::fs
