package cloudflare

import (
	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

const sessionDuration = "24h"

// accessPolicy is a reusable policy of Access. The order of its rules does not count.
func accessPolicy() behaviour {
	made := collection{
		path: account("access/policies"), idName: "policy_id",
		schema: rest.Schema{
			"accountId": accountID,
			"name":      {Required: true},
			"decision":  {Required: true},
			"includes":  rules("include"), "excludes": rules("exclude"),
			"requires":                     rules("require"),
			"sessionDuration":              {Default: sessionDuration},
			"approvalRequired":             {Kind: rest.Flag, Lax: true},
			"isolationRequired":            {Kind: rest.Flag, Lax: true},
			"purposeJustificationRequired": {Kind: rest.Flag, Lax: true},
			"purposeJustificationPrompt":   {},
			"approvalGroups": {Kind: rest.List, Lax: true, Fields: rest.Schema{
				"approvalsNeeded": {Kind: rest.Number, Required: true},
				"emailAddresses":  {Kind: rest.Texts}, "emailListUuid": {},
			}},
			// The API may answer these where nobody asked: then the policy differs from the program.
			"mfaConfig":       {Kind: rest.Nested, Fields: rest.Schema{}},
			"connectionRules": {Kind: rest.Nested, Fields: rest.Schema{}},
			"reusable":        {Kind: rest.Flag, Output: true, Moves: true},
			"createdAt":       moving, "updatedAt": moving,
			"appCount": {Kind: rest.Number, Output: true, Moves: true},
		},
		read: func(_, now rest.Object) { pruneRules(now, "includes", "excludes", "requires") },
	}.behaviour()
	made.Validate = func(inputs provider.Map) []provider.Failure {
		return oneOf(inputs, "decision", "allow", "deny", "non_identity", "bypass")
	}
	return made
}
