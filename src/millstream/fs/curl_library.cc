#include "millstream/fs/curl_library.h"

#include <dlfcn.h>

namespace millstream::fs {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;  // the sanitizers' run time refuses RTLD_DEEPBIND
#else
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

CurlLibrary library;

template <typename Function>
Status Find(void* handle, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(handle, name));
  return *function ? Status::OK() : Status::IOError("the installed libcurl lacks ", name, "; 7.85 or later is needed");
}

Status Load() {
  void* handle = dlopen("libcurl.so.4", kFlags);
  if (!handle) handle = dlopen("libcurl-gnutls.so.4", kFlags);
  if (!handle) return Status::IOError("HTTP needs libcurl, which cannot be loaded (install libcurl4): ", dlerror());
  CurlLibrary& l = library;
  ARROW_RETURN_NOT_OK(Find(handle, "curl_global_init", &l.global_init));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_getdate", &l.getdate));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_init", &l.easy_init));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_reset", &l.easy_reset));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_cleanup", &l.easy_cleanup));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_setopt", &l.easy_setopt));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_getinfo", &l.easy_getinfo));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_strerror", &l.easy_strerror));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_easy_pause", &l.easy_pause));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_init", &l.multi_init));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_cleanup", &l.multi_cleanup));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_add_handle", &l.multi_add_handle));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_remove_handle", &l.multi_remove_handle));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_perform", &l.multi_perform));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_info_read", &l.multi_info_read));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_multi_poll", &l.multi_poll));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_slist_append", &l.slist_append));
  ARROW_RETURN_NOT_OK(Find(handle, "curl_slist_free_all", &l.slist_free_all));
  const CURLcode started = l.global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return Status::IOError("libcurl did not start: ", l.easy_strerror(started));
  return Status::OK();
}

}  // namespace

Result<const CurlLibrary*> LoadCurl() {
  static const Status loaded = Load();
  ARROW_RETURN_NOT_OK(loaded);
  return &library;
}

const CurlLibrary& Curl() { return library; }

}  // namespace millstream::fs
