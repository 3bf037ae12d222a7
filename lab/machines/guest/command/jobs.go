package command

import (
	"fmt"
	"os"

	"homelab/lab/machines/guest/control"
)

// Words of systemctl for a job that failed, by the service's result.
var jobFailures = map[string]string{
	"exit-code":       "Job for %s failed because the control process exited with error code.",
	"signal":          "Job for %s failed because a fatal signal was delivered to the control process.",
	"core-dump":       "Job for %s failed because a fatal signal was delivered causing the control process to dump core.",
	"timeout":         "Job for %s failed because a timeout was exceeded.",
	"resources":       "Job for %s failed because of unavailable resources or another system error.",
	"protocol":        "Job for %s failed because the service did not take the steps required by its unit configuration.",
	"start-limit-hit": "Job for %s failed because start of the service was attempted too often.",
}

// job asks for one and explains its failure in systemd's words, with systemctl's exit code.
func (s *systemctl) job(request control.Request) (int, error) {
	answer, err := control.Ask(request)
	if err != nil {
		return 1, err
	}
	if answer.Stale && !s.quiet {
		fmt.Fprintf(os.Stderr, "Warning: The unit file, source configuration file or drop-ins of %s changed on disk. "+
			"Run 'systemctl daemon-reload' to reload units.\n", request.Unit)
	}
	name := request.Unit
	switch answer.Reason {
	case "":
		return 0, nil
	case control.NotFound:
		if request.Verb == "stop" || request.Verb == "kill" || request.Verb == "reset-failed" {
			complain("Failed to %s %s: Unit %s not loaded.", request.Verb, name, name)
			return 5, nil
		}
		complain("Failed to %s %s: Unit %s not found.", request.Verb, name, name)
		return 5, nil
	case control.NotLoaded:
		complain("Failed to %s unit %s: Unit %s not loaded.", request.Verb, name, name)
		return 5, nil
	case control.BadSetting:
		complain("Failed to %s %s: Unit %s has a bad unit file setting.", request.Verb, name, name)
		complain("%s", answer.Detail)
		return 1, nil
	case control.Masked:
		return complain("Failed to %s %s: Unit %s is masked.", request.Verb, name, name), nil
	case control.NotActive:
		return complain("%s is not active, cannot reload.", name), nil
	case control.Canceled:
		return complain("Job for %s canceled.", name), nil
	case control.JobFailed:
		return s.jobFailed(name, answer.Result, request.Verb), nil
	}
	return complain("Failed to %s %s: %s", request.Verb, name, answer.Detail), nil
}

func (s *systemctl) jobFailed(name, result, verb string) int {
	if s.quiet {
		return 1
	}
	switch result {
	case "dependency":
		return complain("A dependency job for %s failed. See 'journalctl -xe' for details.", name)
	case "not-applicable":
		return complain("Failed to %s %s: Job type %s is not applicable for unit %s.", verb, name, verb, name)
	}
	words, known := jobFailures[result]
	if !known {
		words = "Job for %s failed."
	}
	complain(words, name)
	complain("See \"systemctl status %s\" and \"journalctl -xeu %s\" for details.", name, name)
	if result == "start-limit-hit" {
		complain("To force a start use \"systemctl reset-failed %s\"\nfollowed by \"systemctl start %s\" again.", name, name)
	}
	return 1
}
