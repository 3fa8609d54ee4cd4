// The list of file systems: a new one adds its header and one line here.
#include "millstream/fs/registry.h"

#include <cctype>

#include "millstream/fs/http.h"
#include "millstream/fs/local.h"
#include "millstream/fs/memory.h"
#include "millstream/fs/s3.h"

namespace millstream::fs {
namespace {

const std::vector<FileSystemKind>& Kinds() {
  static const std::vector<FileSystemKind> kinds = {
      LocalKind(),
      MemoryKind(),
      S3Kind(),
      HttpKind(),
  };
  return kinds;
}

/// The part of `uri` before "://", lower case; "" where there is none.
std::string SchemeOf(const std::string& uri) {
  const size_t end = uri.find("://");
  if (end == std::string::npos || end == 0 || !std::isalpha(static_cast<unsigned char>(uri[0]))) return "";
  std::string scheme = uri.substr(0, end);
  for (char& c : scheme) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '-' && c != '.') return "";
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return scheme;
}

}  // namespace

Result<ParsedUri> ParseUri(const std::string& uri) {
  if (uri.empty()) return Status::Invalid("a path must not be empty");
  if (uri.find('\0') != std::string::npos)
    return Status::Invalid("a path must not hold a NUL byte: '", DisplayUri(uri.c_str()), "'");
  const std::string scheme = SchemeOf(uri);
  std::string known;
  for (const FileSystemKind& kind : Kinds()) {
    for (std::string_view name : kind.schemes) {
      if (name != scheme) {
        if (!name.empty()) known.append(known.empty() ? "" : ", ").append(name);
        continue;
      }
      if (!kind.path_is_uri && DisplayUri(uri) != uri) {
        return Status::Invalid(DisplayUri(uri),
                               ": user and password do not belong into this address: give them as storage_options");
      }
      const size_t prefix = kind.path_is_uri || scheme.empty() ? 0 : scheme.size() + 3;
      return ParsedUri{&kind, uri.substr(0, prefix), uri.substr(prefix)};
    }
  }
  return Status::Invalid("no file system for '", scheme, "://' in '", DisplayUri(uri), "'; known are plain paths and ", known,
                         ": read other stores through an https:// address or a mounted folder");
}

Status CheckKeys(const StorageOptions& options, const std::vector<std::string_view>& known, const std::string& where) {
  if (options.is_null()) return Status::OK();
  if (!options.is_object()) return Status::Invalid(where, " must be a dict, not ", options.type_name());
  for (const auto& item : options.items()) {
    bool found = false;
    std::string list;
    for (std::string_view name : known) {
      found = found || name == item.key();
      list.append(list.empty() ? "" : ", ").append(name);
    }
    if (found) continue;
    return Status::Invalid(where, ": unknown key '", item.key(), "'; ", known.empty() ? "there are none" : "known are ", list);
  }
  return Status::OK();
}

}  // namespace millstream::fs
