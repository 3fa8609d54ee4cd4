#include "millstream/base/error_text.h"

#include <cerrno>

#include <arrow/util/io_util.h>
#include <gtest/gtest.h>

namespace millstream {
namespace {

TEST(ErrorText, SaysWhatTheSystemSaid) {
  using arrow::internal::IOErrorFromErrno;
  EXPECT_EQ(ErrorText(Status::Invalid("no number")), "no number");
  EXPECT_EQ(ErrorText(IOErrorFromErrno(EACCES, "cannot open 'a'")), "cannot open 'a': Permission denied");
  EXPECT_EQ(ErrorText(WithPlace(IOErrorFromErrno(ENAMETOOLONG, "cannot make 'a'"), "out")),
            "out: cannot make 'a': File name too long");
  EXPECT_EQ(ErrorText(Status::IOError("Permission denied: a").WithDetail(IOErrorFromErrno(EACCES, "x").detail())),
            "Permission denied: a");
  EXPECT_EQ(ErrorText(IOErrorFromErrno(ENOENT, "there is no such file")), "there is no such file");
}

}  // namespace
}  // namespace millstream
