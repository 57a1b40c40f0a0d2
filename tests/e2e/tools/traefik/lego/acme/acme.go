// Package acme has the accounts that are never registered here.
package acme

// An Account has nothing.
type Account struct{}

// An ExtendedAccount has a place.
type ExtendedAccount struct {
	Account

	Location string
}
