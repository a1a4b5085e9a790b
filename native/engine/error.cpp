#include "engine/error.hpp"

#include <cerrno>
#include <cstring>

namespace queuemark {

std::string system_said(const std::string& what_was_tried) { return system_said(what_was_tried, errno); }

std::string system_said(const std::string& what_was_tried, int error) {
  return what_was_tried + ": " + std::strerror(error);
}

namespace {

std::string remedy_of_limit(int error) {
  if (error == EMFILE) return "raise the limit of open files (ulimit -n), or take fewer consumers";
  if (error == ENFILE) return "raise fs.file-max (sysctl), or take fewer consumers";
  if (error == ENOMEM || error == ENOBUFS) {
    return "free memory or raise the limit of it (ulimit -v), or take fewer consumers, messages or bytes";
  }
  return {};
}

}  // namespace

void throw_system(const std::string& what_was_tried) {
  const int error = errno;
  throw SystemError(system_said(what_was_tried, error), remedy_of_limit(error));
}

}  // namespace queuemark
