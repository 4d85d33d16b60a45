# GET /token → a token for the user who is signed in. JWT_SECRET=… python3 token.py
import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["JWT_SECRET"].encode()

def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")

def token_for(user):
    now = int(time.time())
    claims = {"sub": user["id"], "name": user["name"], "rooms": {"project_*": "write"}, "iat": now, "exp": now + 3600}
    signed = b".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return signed + b"." + encode(hmac.new(SECRET, signed, hashlib.sha256).digest())

def signed_in_user(request):
    return {"id": "usr_1", "name": "Ada"}  # your session says who asks: None is nobody

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        user = signed_in_user(self) if self.path == "/token" else None
        body = token_for(user) if user else b""
        self.send_response(200 if user else 401)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 3000))), Handler).serve_forever()
