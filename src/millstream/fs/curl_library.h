// libcurl, loaded at run time into a scope of its own.
//
// Arrow's libparquet exports the OpenSSL that is built into it. Linked in the ordinary way, libcurl's calls of OpenSSL end in
// that one and crash; loaded with RTLD_DEEPBIND it and what it depends on bind to the system's OpenSSL, in every kind of
// program.
#pragma once

#include <curl/curl.h>

#include "millstream/base/result.h"

namespace millstream::fs {

/// The functions used of libcurl, under their own names without the prefix.
struct CurlLibrary {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_getdate) getdate = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_easy_pause) easy_pause = nullptr;
  decltype(&::curl_multi_init) multi_init = nullptr;
  decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&::curl_multi_perform) multi_perform = nullptr;
  decltype(&::curl_multi_info_read) multi_info_read = nullptr;
  decltype(&::curl_multi_poll) multi_poll = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

/// Loads and starts the library at the first call. IOError, at every call, where it is not installed or lacks a function.
Result<const CurlLibrary*> LoadCurl();

/// The library after a LoadCurl that went well.
const CurlLibrary& Curl();

}  // namespace millstream::fs
