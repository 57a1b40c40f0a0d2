// Package ext stands in for the extension points of Traefik's own build, a module inside of Traefik's
// repository that ordinary Go proxies do not serve. As in Traefik itself, they extend nothing.
package ext

// HTTP extends nothing.
type HTTP struct{}

// DeepCopyInto copies nothing.
func (*HTTP) DeepCopyInto(*HTTP) {}

// Router extends nothing.
type Router struct{}

// DeepCopyInto copies nothing.
func (*Router) DeepCopyInto(*Router) {}
