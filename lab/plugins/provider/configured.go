package provider

import (
	"fmt"
	"sync"
)

// Configured keeps what Configure made of a provider's arguments for the resources' operations, which
// run side by side. A bad configuration can so fail at the first resource, not before.
type Configured[T any] struct {
	mu      sync.Mutex
	made    *T
	problem error
}

// Set keeps the outcome of a configuration and returns its error.
func (c *Configured[T]) Set(made *T, problem error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made, c.problem = made, problem
	return problem
}

// Get returns what Set was given; `name` names the provider in the error when it was never called.
func (c *Configured[T]) Get(name string) (*T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil && c.problem == nil {
		return nil, fmt.Errorf("the %s provider is not configured", name)
	}
	return c.made, c.problem
}
