// Package lego has a client that there never is.
package lego

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/go-acme/lego/v5/certificate"
	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/challenge/http01"
	"github.com/go-acme/lego/v5/challenge/tlsalpn01"
	"github.com/go-acme/lego/v5/registration"
)

// DirectoryURLLetsEncrypt is nowhere.
const DirectoryURLLetsEncrypt = "https://acme.invalid/directory"

// A Config is not used.
type Config struct {
	CADirURL, UserAgent string
	HTTPClient          *http.Client
	Certificate         struct{ Timeout time.Duration }
}

// A Client does nothing.
type Client struct {
	Certificate  *certificate.Certifier
	Challenge    *Challenges
	Registration *registration.Registrar
}

// Challenges are never made.
type Challenges struct{}

// NewConfig gives one.
func NewConfig(any) *Config { return &Config{} }

// NewClient gives none.
func NewClient(*Config) (*Client, error) { return nil, challenge.ErrStandIn }

// CreateCertPool gives none.
func CreateCertPool([]string, bool) (*x509.CertPool, error) { return nil, challenge.ErrStandIn }

// SetDNS01Provider refuses.
func (*Challenges) SetDNS01Provider(challenge.Provider, ...dns01.ChallengeOption) error {
	return challenge.ErrStandIn
}

// SetHTTP01Provider refuses.
func (*Challenges) SetHTTP01Provider(challenge.Provider, ...http01.Option) error {
	return challenge.ErrStandIn
}

// SetTLSALPN01Provider refuses.
func (*Challenges) SetTLSALPN01Provider(challenge.Provider, ...tlsalpn01.Option) error {
	return challenge.ErrStandIn
}
