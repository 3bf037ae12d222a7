package langhost

import (
	"fmt"
	"strings"
)

// options are Pulumi.yaml's `runtime.options`.
type options struct {
	// typescript lets the SDK compile the program with ts-node; false leaves it to Node.
	typescript bool
	tsconfig   string
	nodeArgs   []string
	production bool
}

// parseOptions reads the options that the official host knows, and refuses others than those of npm.
func parseOptions(raw map[string]any) (options, error) {
	parsed := options{typescript: true}
	for key, value := range raw {
		var ok bool
		switch key {
		case "typescript":
			if parsed.typescript, ok = value.(bool); !ok {
				return parsed, fmt.Errorf("typescript option must be a boolean")
			}
		case "production":
			if parsed.production, ok = value.(bool); !ok {
				return parsed, fmt.Errorf("production option must be a boolean")
			}
		case "tsconfig":
			if parsed.tsconfig, ok = value.(string); !ok {
				return parsed, fmt.Errorf("tsconfigpath option must be a string")
			}
		case "nodeargs":
			text, ok := value.(string)
			if !ok {
				return parsed, fmt.Errorf("nodeargs option must be a string")
			}
			if strings.ContainsAny(text, `"'\`) {
				return parsed, fmt.Errorf("nodeargs option %q: quotes are not supported; "+
					"separate plain arguments by blanks", text)
			}
			parsed.nodeArgs = strings.Fields(text)
		case "packagemanager":
			if value != "npm" && value != "auto" {
				return parsed, fmt.Errorf("packagemanager option %v is not supported: use npm", value)
			}
		}
	}
	return parsed, nil
}

// environment tells the SDK's runner how to load TypeScript.
func (o options) environment() []string {
	var env []string
	if o.typescript {
		env = append(env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if o.tsconfig != "" {
		env = append(env, "PULUMI_NODEJS_TSCONFIG_PATH="+o.tsconfig)
	}
	return env
}
