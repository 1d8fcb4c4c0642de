# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 400
# Go (package golang-go): a program with goroutines, timers, children and signals; the compiler itself.
. "$LIB"
need go
export GOPATH="$PWD/go" GOFLAGS=-mod=mod GOCACHE="$PWD/cache" GOTELEMETRY=off
cat >hello.go <<'END'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	var wg sync.WaitGroup
	sums := make([]int, 50)
	for i := range sums {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for j := 0; j < 20000; j++ {
				sums[i] += i * j
				if j%5000 == 0 {
					runtime.Gosched()
				}
			}
		}(i)
	}
	wg.Wait()
	fmt.Println("hello", os.Args[1:], sums[1], sums[49])
	pipe := make(chan int)
	go func() {
		for i := 0; i < 1000; i++ {
			pipe <- i
		}
		close(pipe)
	}()
	total := 0
	for n := range pipe {
		total += n
	}
	fmt.Println("channel", total)
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("timer")
	}
	hits := make(chan os.Signal, 1)
	signal.Notify(hits, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-hits)
	out, err := exec.Command("sh", "-c", "echo child; exit 3").Output()
	fmt.Printf("%q %v\n", out, err)
	garbage := 0
	for i := 0; i < 2000; i++ {
		garbage += len(make([]byte, 10000))
	}
	runtime.GC()
	fmt.Println("garbage", garbage)
	os.WriteFile(os.Getenv("OUT")+"/file", []byte("written\n"), 0o644)
	defer func() { fmt.Println("recovered:", recover()); os.Exit(7) }()
	var nothing *int
	fmt.Println(*nothing)
}
END
if [ ! -x "$CACHE/go-hello" ]; then
	go build -o hello hello.go
	cp hello "$CACHE/go-hello.$$"
	chmod 755 "$CACHE/go-hello.$$"
	mv "$CACHE/go-hello.$$" "$CACHE/go-hello"
fi
status $RUN "$CACHE/go-hello" one two
$RUN go version
$RUN go vet hello.go
$RUN gofmt -l hello.go
