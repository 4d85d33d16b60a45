# GET /token → a token for the user who is signed in. JWT_SECRET=… ruby token.rb
require "json"
require "openssl"
require "socket"

SECRET = ENV.fetch("JWT_SECRET")

def encode(data) = [data].pack("m0").tr("+/", "-_").delete("=")

def token_for(user)
  now = Time.now.to_i
  claims = { sub: user[:id], name: user[:name], rooms: { "project_*": "write" }, iat: now, exp: now + 3600 }
  signed = [{ alg: "HS256", typ: "JWT" }, claims].map { |part| encode(part.to_json) }.join(".")
  "#{signed}.#{encode(OpenSSL::HMAC.digest("SHA256", SECRET, signed))}"
end

def signed_in_user(_request) = { id: "usr_1", name: "Ada" } # your session says who asks: nil is nobody

# In Rails or Sinatra only the two methods above are needed.
server = TCPServer.new("127.0.0.1", ENV.fetch("PORT", 3000))
loop do
  socket = server.accept
  request = socket.gets.to_s
  nil until socket.gets.to_s.strip.empty?
  user = signed_in_user(request) if request.start_with?("GET /token ")
  body = user ? token_for(user) : ""
  socket.write "HTTP/1.1 #{user ? 200 : 401} #{user ? "OK" : "Unauthorized"}\r\nContent-Type: text/plain\r\n" \
    "Cache-Control: no-store\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}"
  socket.close
end
