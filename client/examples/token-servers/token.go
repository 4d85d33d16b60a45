// GET /token → a token for the user who is signed in. JWT_SECRET=… go run token.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

var secret = []byte(os.Getenv("JWT_SECRET"))

type user struct{ ID, Name string }

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func tokenFor(u user) (string, error) {
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{"sub": u.ID, "name": u.Name,
		"rooms": map[string]string{"project_*": "write"}, "iat": now, "exp": now + 3600})
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil)), err
}

func signedInUser(_ *http.Request) *user { return &user{"usr_1", "Ada"} } // your session says who asks: nil is nobody

func main() {
	if len(secret) == 0 {
		log.Fatal("JWT_SECRET is missing")
	}
	http.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		u := signedInUser(r)
		if u == nil {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		token, err := tokenFor(*u)
		if err != nil {
			http.Error(w, "no token", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprint(w, token)
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
