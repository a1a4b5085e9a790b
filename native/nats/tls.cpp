// By OpenSSL, which is loaded when the first connection needs it: a runner that is linked with it pays for
// that at each start, whatever it measures (relocations: 145 page faults, and their copies in each worker).

#include "nats/tls.hpp"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/error.hpp"

namespace queuemark::nats_client {
namespace {

// Its functions that are called here, those of libcrypto included. Its headers have macros for some calls of
// SSL_ctrl and the like, which would have to be linked.
#define QUEUEMARK_OPENSSL(EACH)          \
  EACH(BIO_ctrl_pending)                 \
  EACH(BIO_new)                          \
  EACH(BIO_read)                         \
  EACH(BIO_s_mem)                        \
  EACH(BIO_write)                        \
  EACH(ERR_clear_error)                  \
  EACH(ERR_peek_last_error)              \
  EACH(ERR_reason_error_string)          \
  EACH(SSL_CIPHER_get_name)              \
  EACH(SSL_CTX_ctrl)                     \
  EACH(SSL_CTX_free)                     \
  EACH(SSL_CTX_load_verify_file)         \
  EACH(SSL_CTX_new)                      \
  EACH(SSL_CTX_set_default_verify_paths) \
  EACH(SSL_CTX_set_verify)               \
  EACH(SSL_ctrl)                         \
  EACH(SSL_do_handshake)                 \
  EACH(SSL_free)                         \
  EACH(SSL_get0_param)                   \
  EACH(SSL_get_current_cipher)           \
  EACH(SSL_get_error)                    \
  EACH(SSL_get_verify_result)            \
  EACH(SSL_get_version)                  \
  EACH(SSL_new)                          \
  EACH(SSL_read)                         \
  EACH(SSL_set1_host)                    \
  EACH(SSL_set_bio)                      \
  EACH(SSL_set_connect_state)            \
  EACH(SSL_write)                        \
  EACH(TLS_client_method)                \
  EACH(X509_VERIFY_PARAM_set1_ip_asc)    \
  EACH(X509_verify_cert_error_string)

#define QUEUEMARK_TEXT_OF(word) #word
#define QUEUEMARK_TEXT(word) QUEUEMARK_TEXT_OF(word)
constexpr const char* kLibrary = "libssl.so." QUEUEMARK_TEXT(OPENSSL_SHLIB_VERSION);

[[noreturn]] void refuse_library() {
  throw Unavailable(std::string("load ") + kLibrary + ", which this runner was built with: " + dlerror(),
                    "install it (apt-get install libssl3), or build again with the one that is there");
}

struct OpenSsl {
#define QUEUEMARK_MEMBER(name) decltype(&::name) name;
  QUEUEMARK_OPENSSL(QUEUEMARK_MEMBER)
#undef QUEUEMARK_MEMBER

  OpenSsl() {
    void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (!library) refuse_library();
#define QUEUEMARK_FIND(name)                                         \
  name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name)); \
  if (!name) refuse_library();
    QUEUEMARK_OPENSSL(QUEUEMARK_FIND)
#undef QUEUEMARK_FIND
  }
};

// Throws Unavailable.
const OpenSsl& openssl() {
  static const OpenSsl loaded;
  return loaded;
}

std::string reason() {
  const char* const said = openssl().ERR_reason_error_string(openssl().ERR_peek_last_error());
  return said ? said : "OpenSSL gives no reason";
}

const std::string kTrusting = "read whose certificates to trust from ";
constexpr const char* kPem = "name a file with certificates in PEM";

class Session : public TlsSession {
 public:
  Session(SSL_CTX* context, const std::string& host)
      : ssl_(openssl()), session_(made(ssl_.SSL_new(context)), ssl_.SSL_free) {
    received_ = made(ssl_.BIO_new(ssl_.BIO_s_mem()));
    encrypted_ = made(ssl_.BIO_new(ssl_.BIO_s_mem()));
    ssl_.SSL_set_bio(session_.get(), received_, encrypted_);
    ssl_.SSL_set_connect_state(session_.get());
    expect(host);
  }

  bool shake_hands() override {
    ssl_.ERR_clear_error();
    const int done = ssl_.SSL_do_handshake(session_.get());
    collect();
    if (done == 1) return established_ = true;
    if (waits(done)) return false;
    const long verdict = ssl_.SSL_get_verify_result(session_.get());
    if (verdict != X509_V_OK) {
      throw Unavailable(
          std::string("its certificate is not believed: ") + ssl_.X509_verify_cert_error_string(verdict),
          "name whose certificates to trust, with tls://HOST:PORT?ca=FILE or SSL_CERT_FILE, and the server "
          "as "
          "its certificate does");
    }
    throw Unavailable("it does not agree on TLS: " + reason(),
                      "see which versions and ciphers it takes; here these are TLS 1.2 and later");
  }

  std::string agreed() const override {
    const SSL_CIPHER* const cipher = ssl_.SSL_get_current_cipher(session_.get());
    return std::string(ssl_.SSL_get_version(session_.get())) + " " + ssl_.SSL_CIPHER_get_name(cipher);
  }

  void encrypt(std::span<const std::byte> said) override {
    const int count = static_cast<int>(said.size());
    if (ssl_.SSL_write(session_.get(), said.data(), count) != count) {
      throw SystemError("encrypt what is to be sent: " + reason());
    }
    collect();
  }
  std::span<const std::byte> to_send() const override { return std::span(to_send_).subspan(sent_bytes_); }
  void sent(std::size_t bytes) override { sent_bytes_ += bytes; }

  std::size_t decrypt(std::span<const std::byte> received, std::span<std::byte> into) override {
    if (!received.empty()) ssl_.BIO_write(received_, received.data(), static_cast<int>(received.size()));
    std::size_t count = 0;
    while (established_) {
      const int more =
          ssl_.SSL_read(session_.get(), into.data() + count, static_cast<int>(into.size() - count));
      if (more > 0) {
        count += static_cast<std::size_t>(more);
      } else if (waits(more)) {
        break;
      } else {
        throw SystemError("decrypt what the server says: " + reason());
      }
    }
    return count;
  }

 private:
  template <class Thing>
  static Thing* made(Thing* thing) {
    if (!thing) throw SystemError("make a TLS session: " + reason());
    return thing;
  }

  // A name is told to the server, too, which may have several; an address is not (RFC 6066, 3).
  void expect(const std::string& host) {
    if (ssl_.X509_VERIFY_PARAM_set1_ip_asc(ssl_.SSL_get0_param(session_.get()), host.c_str())) return;
    std::string name = host;
    if (!ssl_.SSL_set1_host(session_.get(), name.c_str()) ||
        !ssl_.SSL_ctrl(session_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                       name.data())) {
      throw SystemError("expect the certificate of " + host + ": " + reason());
    }
  }

  // Whether the result of a call means no more than that not all has come. The end that a server announces is
  // told by the end of the connection.
  bool waits(int result) const {
    const int error = ssl_.SSL_get_error(session_.get(), result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN;
  }

  // What was encrypted, behind what has not been sent yet.
  void collect() {
    to_send_.erase(to_send_.begin(), to_send_.begin() + static_cast<std::ptrdiff_t>(sent_bytes_));
    sent_bytes_ = 0;
    const std::size_t before = to_send_.size(), count = ssl_.BIO_ctrl_pending(encrypted_);
    if (!count) return;
    to_send_.resize(before + count);
    ssl_.BIO_read(encrypted_, to_send_.data() + before, static_cast<int>(count));
  }

  const OpenSsl& ssl_;
  std::unique_ptr<SSL, void (*)(SSL*)> session_;
  BIO* received_ = nullptr;   // to be decrypted; the session's
  BIO* encrypted_ = nullptr;  // to be sent; the session's
  bool established_ = false;
  std::vector<std::byte> to_send_;
  std::size_t sent_bytes_ = 0;  // of these
};

class Certificates : public Trust {
 public:
  explicit Certificates(const std::string& ca_file)
      : ssl_(openssl()), context_(ssl_.SSL_CTX_new(ssl_.TLS_client_method()), ssl_.SSL_CTX_free) {
    if (!context_) throw SystemError("prepare for TLS: " + reason());
    ssl_.SSL_CTX_ctrl(context_.get(), SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
    ssl_.SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (ca_file.empty()) {
      ssl_.SSL_CTX_set_default_verify_paths(context_.get());
    } else if (access(ca_file.c_str(), R_OK) != 0) {
      throw Unavailable(system_said(kTrusting + ca_file), kPem);
    } else if (!ssl_.SSL_CTX_load_verify_file(context_.get(), ca_file.c_str())) {
      throw Unavailable(kTrusting + ca_file + ": " + reason(), kPem);
    }
  }
  std::unique_ptr<TlsSession> session_with(const std::string& host) const override {
    return std::make_unique<Session>(context_.get(), host);
  }

 private:
  const OpenSsl& ssl_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

}  // namespace

std::shared_ptr<const Trust> trust_in(const std::string& ca_file) {
  return std::make_shared<Certificates>(ca_file);
}

}  // namespace queuemark::nats_client
