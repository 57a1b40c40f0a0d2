// Package gosdk stands in for Nebius' SDK, which ordinary Go proxies do not serve, so that
// provider-kubernetes compiles. Signing in to Nebius with it always fails; nothing else is touched.
package gosdk

import (
	"context"
	"errors"

	"github.com/nebius/gosdk/auth"
)

// An SDK can do nothing.
type SDK struct{}

// An Option changes nothing.
type Option func()

// Credentials are empty.
type Credentials struct{}

var errStandIn = errors.New("signing in to Nebius is not built into this provider-kubernetes")

// New always fails.
func New(context.Context, ...Option) (*SDK, error) { return nil, errStandIn }

// WithCredentials ignores them.
func WithCredentials(Credentials) Option { return func() {} }

// ServiceAccountReader reads nothing.
func ServiceAccountReader(any) Credentials { return Credentials{} }

// BearerToken always fails.
func (*SDK) BearerToken(context.Context) (auth.BearerToken, error) {
	return auth.BearerToken{}, errStandIn
}
