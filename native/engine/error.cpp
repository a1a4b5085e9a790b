#include "engine/error.hpp"

#include <cerrno>
#include <cstring>

namespace queuemark {

std::string system_said(const std::string& what_was_tried) { return system_said(what_was_tried, errno); }

std::string system_said(const std::string& what_was_tried, int error) {
  return what_was_tried + ": " + std::strerror(error);
}

void throw_system(const std::string& what_was_tried) { throw SystemError(system_said(what_was_tried)); }

}  // namespace queuemark
