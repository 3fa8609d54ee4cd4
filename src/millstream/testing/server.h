// Real servers for tests, run by the scripts in tests/servers.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace millstream::testing {

/// Starts `<name>.sh` with data in a temporary folder; stops it and removes the folder when it goes.
class Server {
 public:
  explicit Server(const std::string& name) : script_(std::string(MILLSTREAM_TEST_SERVERS) + "/" + name + ".sh") {
    std::string pattern = (std::filesystem::temp_directory_path() / ("millstream_" + name + "_XXXXXX")).string();
    folder_ = ::mkdtemp(pattern.data());
    const std::string answer = Run("up");
    settings_ = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(settings_.is_object()) << script_ << " did not start a server: " << answer;
  }
  ~Server() {
    Run("down");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// What the script printed. Not an object if the server did not start.
  const nlohmann::json& settings() const { return settings_; }
  std::string Get(const char* name) const { return settings_.value(name, ""); }

 private:
  std::string Run(const std::string& command) const {
    std::string answer;
    FILE* pipe = ::popen(("'" + script_ + "' " + command + " '" + folder_ + "'").c_str(), "r");
    if (!pipe) return answer;
    for (int c; (c = std::fgetc(pipe)) != EOF;) answer += static_cast<char>(c);
    ::pclose(pipe);
    return answer;
  }

  std::string script_, folder_;
  nlohmann::json settings_;
};

}  // namespace millstream::testing
