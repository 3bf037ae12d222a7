// Package command is the stand-in for pulumi-resource-command 1.2.1: commands over SSH, with the behaviour,
// the waits and the texts of the official plugin. Local commands and copies are not served.
package command

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// New describes the plugin; property names are those of the package @pulumi/command.
func New() provider.Provider {
	return provider.Provider{
		Name:      "command",
		Resources: map[string]provider.Resource{"command:remote:Command": &remoteCommand{}},
	}
}

// remoteCommand runs texts on a host: `create` when it is made, `update` (else `create`) when an input
// changes, `delete` at its end. Refresh looks at nothing.
type remoteCommand struct{}

// commandState is the inputs and outputs of a command.
type commandState struct {
	Connection             connection        `json:"connection"`
	Create                 *string           `json:"create"`
	Update                 *string           `json:"update"`
	Delete                 *string           `json:"delete"`
	Stdin                  *string           `json:"stdin"`
	Logging                string            `json:"logging"`
	Environment            map[string]string `json:"environment"`
	AddPreviousOutputInEnv *bool             `json:"addPreviousOutputInEnv"`
	Stdout                 string            `json:"stdout"`
	Stderr                 string            `json:"stderr"`
}

var commandTypes = map[resource.PropertyKey]func(resource.PropertyValue) bool{
	"connection": nil, "triggers": resource.PropertyValue.IsArray,
	"create": resource.PropertyValue.IsString, "update": resource.PropertyValue.IsString,
	"delete": resource.PropertyValue.IsString, "stdin": resource.PropertyValue.IsString,
	"environment": resource.PropertyValue.IsObject, "logging": resource.PropertyValue.IsString,
	"addPreviousOutputInEnv": resource.PropertyValue.IsBool,
}

// Check fills in the connection's defaults.
func (*remoteCommand) Check(
	_ context.Context, req provider.Check,
) (provider.Map, []provider.Failure, error) {
	checked, refused := checkInputs(req.News)
	switch logging := checked["logging"]; {
	case !logging.IsString():
	case logging.StringValue() != "none" && !logs(logging.StringValue(), "stdout") &&
		!logs(logging.StringValue(), "stderr"):
		refused = append(refused, provider.Failure{Property: "logging", Reason: fmt.Sprintf(
			"%q is none of stdout, stderr, stdoutAndStderr, none", logging.StringValue())})
	}
	return checked, refused, nil
}

// checkInputs refuses unknown names and wrong types, and marks the connection as secret.
func checkInputs(news provider.Map) (provider.Map, []provider.Failure) {
	checked, refused := provider.Copy(news), []provider.Failure(nil)
	for key, value := range news {
		isType, known := commandTypes[key]
		switch {
		case !known:
			refused = append(refused, provider.Failure{Property: string(key),
				Reason: "is not an input of this resource"})
		case isType == nil || value.IsComputed() || value.IsOutput() || isType(value):
		default:
			refused = append(refused, provider.Failure{Property: string(key),
				Reason: fmt.Sprintf("wrong type %s", value.TypeString())})
		}
	}
	connection, more := checkConnection(news["connection"])
	checked["connection"] = provider.Secret(connection)
	return checked, append(refused, more...)
}

// Diff replaces for changed triggers; the new command runs before the old one's `delete`.
func (*remoteCommand) Diff(_ context.Context, req provider.Change) (provider.Diff, error) {
	diff := provider.Diff{Properties: provider.Compare(req.OldInputs, req.News)}
	for path, difference := range diff.Properties {
		if provider.Root(path) == "triggers" {
			difference.Replace = true
			diff.Properties[path] = difference
		}
	}
	return diff, nil
}

// Preview does not know what the command will print.
func (*remoteCommand) Preview(inputs provider.Map) provider.Map {
	return hideConnection(provider.Copy(inputs, provider.Map{
		"stdout": provider.Unknown(), "stderr": provider.Unknown(),
	}))
}

// PreviewUpdate does not know either.
func (c *remoteCommand) PreviewUpdate(req provider.Change) provider.Map { return c.Preview(req.News) }

// Create runs `create`.
func (*remoteCommand) Create(
	ctx context.Context, call provider.Call, inputs provider.Map,
) (string, provider.Map, error) {
	id, err := resource.NewUniqueHex(call.Name, 8, 0)
	if err != nil {
		return "", nil, fmt.Errorf("drawing an id: %w", err)
	}
	var state commandState
	if err := provider.Decode(inputs, &state); err != nil {
		return "", nil, err
	}
	if state.Create != nil {
		if err := state.run(ctx, call, *state.Create); err != nil {
			return "", nil, err
		}
	}
	return id, state.properties(inputs), nil
}

// Read finds what the state holds.
func (*remoteCommand) Read(
	_ context.Context, req provider.Read,
) (provider.Map, provider.Map, bool, error) {
	return hideConnection(provider.Copy(req.State)), hideConnection(provider.Copy(req.Inputs)), true, nil
}

// Update runs `update`, or `create` when there is none, with the previous output in the environment.
func (*remoteCommand) Update(ctx context.Context, req provider.Change) (provider.Map, error) {
	var state commandState
	if err := provider.Decode(req.News, &state); err != nil {
		return nil, err
	}
	state.Stdout, state.Stderr = provider.Text(req.State, "stdout"), provider.Text(req.State, "stderr")
	text := state.Update
	if text == nil {
		text = state.Create
	}
	if text != nil {
		if err := state.run(ctx, req.Call, *text); err != nil {
			return nil, err
		}
	}
	return state.properties(req.News), nil
}

// Delete runs `delete` as it was given to the last create or update.
func (*remoteCommand) Delete(ctx context.Context, call provider.Call, old provider.Map) error {
	var state commandState
	if err := provider.Decode(old, &state); err != nil {
		return err
	}
	if state.Delete == nil {
		return nil
	}
	return state.run(ctx, call, *state.Delete)
}

func (s *commandState) properties(inputs provider.Map) provider.Map {
	return hideConnection(provider.Copy(inputs, provider.Map{
		"stdout": resource.NewProperty(s.Stdout), "stderr": resource.NewProperty(s.Stderr),
	}))
}

func hideConnection(properties provider.Map) provider.Map {
	if value, ok := properties["connection"]; ok && !value.IsSecret() {
		properties["connection"] = provider.Secret(value)
	}
	return properties
}

// logs is whether an output is shown while the command runs.
func logs(logging, output string) bool {
	return logging == "" || logging == output || logging == "stdoutAndStderr"
}
