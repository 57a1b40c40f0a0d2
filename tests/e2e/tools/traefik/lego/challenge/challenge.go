// Package challenge, and the module that it is in, stand in for lego, Traefik's ACME client, whose two
// hundred providers of DNS would be most of Traefik's build. Certificates come from Secrets on the bed:
// asking an authority for one always fails. What Traefik's router and its TLS need of lego is as in lego.
package challenge

import (
	"context"
	"errors"
)

// ErrStandIn is what every request comes to.
var ErrStandIn = errors.New("this build of Traefik has no ACME client")

// A Provider answers an authority's challenge.
type Provider interface {
	Present(ctx context.Context, domain, token, keyAuth string) error
	CleanUp(ctx context.Context, domain, token, keyAuth string) error
}
