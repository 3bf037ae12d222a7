/**
 * The policy of a tailnet that nobody edited: everything may reach everything, and people may open
 * SSH to their own devices. Posting an empty policy brings it back.
 */
export const defaultPolicy = `// Default policy of this tailnet: unrestricted connections.
{
	// Named sets of people.
	// "groups": {
	//	"group:example": ["user@example.com"],
	// },

	// Tags, and who may give them to devices.
	// "tagOwners": {
	//	"tag:example": ["autogroup:admin"],
	// },

	// Allow all connections.
	"grants": [
		{"src": ["*"], "dst": ["*"], "ip": ["*"]},
	],

	// Allow all people to SSH into their own devices in check mode.
	"ssh": [
		{
			"action": "check",
			"src":    ["autogroup:member"],
			"dst":    ["autogroup:self"],
			"users":  ["autogroup:nonroot", "root"],
		},
	],
}
`;
