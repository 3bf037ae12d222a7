package process

import (
	_ "embed"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Directory is where a machine has the programs that stand in images; containers see it with all of /usr/lib.
const Directory = "/usr/lib/lab/programs"

// Image is what the lab knows of an image whose containers are processes.
type Image struct {
	// Repository is the end of the image's repository, so that a registry mirror changes nothing.
	Repository string `json:"repository"`
	// Programs are the files of the image that can be started: path in the image to name in Directory. $ARCH in a path is
	// the machine's architecture, as Go names it.
	Programs map[string]string `json:"programs"`
	// Missing are files of the image that the lab does not play: a container that starts one fails.
	Missing []string `json:"missing"`
	// Entrypoint and Cmd are the image's own.
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
	// WorkingDir is the image's; "/" if it has none.
	WorkingDir string `json:"workingDir"`
	// User is the image's, `uid` or `uid:gid`; root if it has none.
	User string `json:"user"`
	// Path is the image's PATH. $MAJOR in it, and in what is shown, is the number that the image's tag begins with.
	Path string `json:"path"`
	// Shown are further files and directories of the image: path in the image to where the machine has it.
	Shown map[string]string `json:"shown"`
	// Shell says that the image has the usual commands.
	Shell bool `json:"shell"`
	// Commands, if there are any, are the only ones that are run; containers with others are played.
	Commands []string `json:"commands"`
	// Machine are directories of the machine that containers of the image write to.
	Machine []string `json:"machine"`
}

//go:embed images.json
var table []byte

var images = mustRead(table)

func mustRead(content []byte) (list []Image) {
	if err := json.Unmarshal(content, &list); err != nil {
		panic("images.json: " + err.Error())
	}
	return list
}

// ImageOf returns what the table says of a repository, which has neither tag nor digest.
func ImageOf(repository string) (Image, bool) { return find(images, repository) }

func find(list []Image, repository string) (Image, bool) {
	for _, image := range list {
		if repository == image.Repository || strings.HasSuffix(repository, "/"+image.Repository) {
			return image, true
		}
	}
	return Image{}, false
}

// Runs tells whether a container of the image is run as a process: the machine has every program of it,
// and its command is not one of those that are left to be played.
func (i Image) Runs(directory string, container *corev1.Container) bool {
	for _, name := range i.Programs {
		if _, err := os.Stat(filepath.Join(directory, name)); err != nil {
			return false
		}
	}
	line := i.commandLine(container, nil)
	return len(i.Commands) == 0 || len(line) > 0 && slices.Contains(i.Commands, path.Base(line[0]))
}

// at is the image as a container has it: of the release that its tag says.
func (i Image) at(reference string) Image {
	_, tag, _ := strings.Cut(path.Base(reference), ":")
	major := tag[:len(tag)-len(strings.TrimLeft(tag, "0123456789"))]
	of := strings.NewReplacer("$MAJOR", major)
	shown := make(map[string]string, len(i.Shown))
	for file, own := range i.Shown {
		shown[of.Replace(file)] = of.Replace(own)
	}
	i.Path, i.Shown = of.Replace(i.Path), shown
	return i
}

// shown are the image's files as its containers see them.
func (i Image) shown(directory string) (mounts []Mount) {
	for file, name := range i.Programs {
		file = strings.ReplaceAll(file, "$ARCH", runtime.GOARCH)
		mounts = append(mounts, Mount{Source: filepath.Join(directory, name), Target: file, ReadOnly: true})
	}
	for file, own := range i.Shown {
		mounts = append(mounts, Mount{Source: own, Target: file, ReadOnly: true})
	}
	return mounts
}

// program is the file on the machine that a command of the image starts; a command without a slash is
// looked for by its name, as on the image's PATH.
func (i Image) program(directory, command string) (string, bool) {
	for file, name := range i.Programs {
		if file == command || !strings.Contains(command, "/") && path.Base(file) == command {
			return filepath.Join(directory, name), true
		}
	}
	return "", false
}
