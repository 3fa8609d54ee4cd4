#include "millstream/base/error_text.h"

#include <cerrno>
#include <system_error>

#include <arrow/util/io_util.h>

namespace millstream {

std::string ErrorText(const Status& status) {
  const std::string& message = status.message();
  const int code = arrow::internal::ErrnoFromStatus(status);
  if (code == 0 || code == ENOENT) return message;  // that nothing is there is said by whoever looked for it
  const std::string reason = std::generic_category().message(code);
  return message.find(reason) == std::string::npos ? message + ": " + reason : message;
}

}  // namespace millstream
