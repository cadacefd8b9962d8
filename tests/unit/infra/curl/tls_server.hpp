#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace codelab::tests {

/// A fresh certificate for 127.0.0.1 that only itself vouches for, and its key, both in PEM.
class SelfSignedCertificate {
  template <class T, void (*Free)(T*)>
  using Owned = std::unique_ptr<T, std::integral_constant<decltype(Free), Free>>;

 public:
  SelfSignedCertificate() {
    const Owned<EVP_PKEY, EVP_PKEY_free> key_pair(EVP_EC_gen("P-256"));
    const Owned<X509, X509_free> certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key_pair.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    const Owned<X509_EXTENSION, X509_EXTENSION_free> address(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
    X509_add_ext(certificate.get(), address.get(), -1);
    if (X509_sign(certificate.get(), key_pair.get(), EVP_sha256()) == 0) throw std::runtime_error("not signed");
    pem = to_pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); });
    key =
        to_pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key_pair.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }

  std::string pem;
  std::string key;

 private:
  template <class Write>
  static std::string to_pem(Write write) {
    const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
    write(out.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

/// Takes one TLS connection on a free port, answers one request with "secret" and ends.
class OneShotTlsServer {
  using tcp = boost::asio::ip::tcp;

 public:
  explicit OneShotTlsServer(const SelfSignedCertificate& certificate)
      : acceptor_(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    tls_.use_certificate_chain(boost::asio::buffer(certificate.pem));
    tls_.use_private_key(boost::asio::buffer(certificate.key), boost::asio::ssl::context::pem);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneShotTlsServer() { thread_.join(); }

  std::string url() const { return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/"; }

 private:
  void serve() {
    boost::system::error_code failure;
    boost::asio::ssl::stream<tcp::socket> stream(acceptor_.accept(), tls_);
    stream.handshake(boost::asio::ssl::stream_base::server, failure);
    if (failure) return;
    std::string request;
    boost::asio::read_until(stream, boost::asio::dynamic_buffer(request), "\r\n\r\n", failure);
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret";
    boost::asio::write(stream, boost::asio::buffer(reply), failure);
    stream.shutdown(failure);
  }

  boost::asio::io_context context_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace codelab::tests
