package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/uniqchat/uniqchat/chat"
)

// bucket keeps files in a bucket. Safe for concurrent use.
type bucket struct {
	core      *minio.Core
	transport *http.Transport
	Bucket
}

// Bounds of a call, so that a store that does not answer is told from one that is slow.
const (
	answerWithin = 10 * time.Second
	checkWithin  = 10 * time.Second
	tries        = 3
)

func openBucket(ctx context.Context, b Bucket) (chat.Files, error) {
	keys := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{}})
	if b.Key != "" {
		keys = credentials.NewStaticV4(b.Key, b.Secret, "")
	}
	transport, err := minio.DefaultTransport(!b.Insecure)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	transport.ResponseHeaderTimeout = answerWithin
	// Files are as they are: the store must not unpack them on the way.
	transport.DisableCompression = true
	client, err := minio.New(b.Endpoint, &minio.Options{
		Creds: keys, Secure: !b.Insecure, Region: b.Region, Transport: transport, MaxRetries: tries, TrailingHeaders: false,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	s := &bucket{core: &minio.Core{Client: client}, transport: transport, Bucket: b}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends idle connections.
func (s *bucket) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// check looks whether the bucket is there and the credential is good for it.
func (s *bucket) check(ctx context.Context) error {
	there, err := s.core.BucketExists(ctx, s.Name)
	if err != nil {
		return fmt.Errorf("s3: bucket %s at %s: %w", s.Name, s.Endpoint, err)
	}
	if !there {
		return fmt.Errorf("s3: there is no bucket %s at %s, or not for this key", s.Name, s.Endpoint)
	}
	return nil
}

// Put implements chat.Files: one PUT, which S3 stores whole or not at all.
func (s *bucket) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	counted := &counter{r: io.LimitReader(r, size+1)}
	_, err := s.core.Client.PutObject(ctx, s.Name, s.Folder+name, counted, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", DisableMultipart: true,
	})
	if err == nil && counted.n != size { // more than was said
		err = errors.Join(io.ErrUnexpectedEOF, s.Delete(ctx, name))
	}
	return s.busy(ctx, err)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Open implements chat.Files.
func (s *bucket) Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	o := minio.GetObjectOptions{}
	if length == 0 { // no range is empty
		info, err := s.core.StatObject(ctx, s.Name, s.Folder+name, minio.StatObjectOptions{})
		if err == nil && offset > info.Size {
			err = fmt.Errorf("open a file: byte %d of %d", offset, info.Size)
		}
		return http.NoBody, s.busy(ctx, err)
	}
	if err := o.SetRange(offset, offset+length-1); err != nil {
		return nil, fmt.Errorf("open a file: %w", err)
	}
	body, info, _, err := s.core.GetObject(ctx, s.Name, s.Folder+name, o)
	if err != nil {
		return nil, s.busy(ctx, err)
	}
	if info.Size != length {
		return nil, errors.Join(fmt.Errorf("open a file: asked for %d bytes, offered %d", length, info.Size), body.Close())
	}
	return body, nil
}

// Delete implements chat.Files.
func (s *bucket) Delete(ctx context.Context, name string) error {
	err := s.busy(ctx, s.core.RemoveObject(ctx, s.Name, s.Folder+name, minio.RemoveObjectOptions{}))
	if errors.Is(err, errNoFile) {
		return nil
	}
	return err
}

// busy tells what the store refused from a store that does not answer.
func (s *bucket) busy(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var answer minio.ErrorResponse
	switch {
	case !errors.As(err, &answer), answer.StatusCode >= 500, answer.StatusCode == http.StatusTooManyRequests:
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("s3: %w", err)
		}
		return &chat.Error{Code: chat.Busy, Name: "files_unavailable", Message: "the store of files does not answer"}
	case answer.Code == minio.NoSuchKey:
		return errNoFile
	default:
		return fmt.Errorf("s3: %s: %w", answer.Code, err)
	}
}
