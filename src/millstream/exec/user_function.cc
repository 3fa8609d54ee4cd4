#include "millstream/exec/user_function.h"

#include <map>
#include <mutex>

namespace millstream {
namespace {

struct Runtimes {
  std::mutex mutex;
  std::map<std::string, UserFunctionLoader> loaders;
  std::map<std::string, UserFunction> native;
};

Runtimes& Known() {
  static auto* runtimes = new Runtimes;  // used by threads that may outlive static destruction
  return *runtimes;
}

Result<UserFunction> LoadNative(const std::string& name) {
  std::lock_guard lock(Known().mutex);
  const auto found = Known().native.find(name);
  if (found == Known().native.end()) {
    return Status::KeyError("no native function '", name, "' is registered in this process; call RegisterNativeFunction first");
  }
  return found->second;
}

}  // namespace

void RegisterUserFunctionRuntime(const std::string& runtime, UserFunctionLoader loader) {
  std::lock_guard lock(Known().mutex);
  Known().loaders[runtime] = std::move(loader);
}

void RegisterNativeFunction(const std::string& name, UserFunction function) {
  std::lock_guard lock(Known().mutex);
  Known().native[name] = std::move(function);
}

Result<UserFunction> LoadUserFunction(const std::string& runtime, const std::string& payload) {
  if (runtime == "native") return LoadNative(payload);
  UserFunctionLoader loader;
  {
    std::lock_guard lock(Known().mutex);
    const auto found = Known().loaders.find(runtime);
    if (found == Known().loaders.end()) {
      return Status::Invalid("this process cannot run '", runtime,
                             "' functions; import millstream in a Python process to run them");
    }
    loader = found->second;
  }
  return loader(payload);
}

}  // namespace millstream
