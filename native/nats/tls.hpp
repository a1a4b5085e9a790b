// What a connection carries, encrypted (TLS 1.2 and 1.3): a part between the bytes that are said and those
// that go over the socket.
//
// 1. It makes no system call: how bytes are sent and received is the connection's.
// 2. A server is believed when its certificate is signed by one that is trusted, and is for the host that was
//    asked for.
// 3. A session is used by one process. One that was made before a fork goes with it to that one.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace queuemark::nats_client {

// How much is encrypted for one call at the most: some records, which have 16 KiB each.
constexpr std::size_t kEncryptedAtOnceBytes = 64 * 1024;
// How much of what came before may be waiting for the rest of its record.
constexpr std::size_t kRecordHighBytes = 17 * 1024;

class TlsSession {
 public:
  virtual ~TlsSession() = default;

  // Goes on with the handshake, as far as what has come allows; true when it is done. What is to be sent for
  // it is in to_send(), also behind the last step. Throws Unavailable.
  virtual bool shake_hands() = 0;
  // The version and the cipher, once the handshake is done.
  virtual std::string agreed() const = 0;

  // Adds these bytes, encrypted, to what is to be sent. Throws SystemError.
  virtual void encrypt(std::span<const std::byte> said) = 0;
  virtual std::span<const std::byte> to_send() const = 0;
  virtual void sent(std::size_t bytes) = 0;

  // Takes what was received, and decrypts what has come whole. There is room for it if there is for all that
  // was received and kRecordHighBytes; before the handshake is done it needs none. Throws SystemError.
  virtual std::size_t decrypt(std::span<const std::byte> received, std::span<std::byte> into) = 0;
};

// Whom sessions trust.
class Trust {
 public:
  virtual ~Trust() = default;
  virtual std::unique_ptr<TlsSession> session_with(const std::string& host) const = 0;
};

// Those whose certificates are in this file; empty: whom the system trusts, or the file that SSL_CERT_FILE
// names (SSL_CTX_set_default_verify_paths(3)). Throws Unavailable, also where there is no OpenSSL.
std::shared_ptr<const Trust> trust_in(const std::string& ca_file);

}  // namespace queuemark::nats_client
