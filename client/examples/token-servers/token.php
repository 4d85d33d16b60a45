<?php // GET /token → a token for the user who is signed in. JWT_SECRET=… php -d display_errors=0 -S 127.0.0.1:3000 token.php

function encode(string $data): string {
    return rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
}

function token_for(array $user): string {
    $now = time();
    $claims = ['sub' => $user['id'], 'name' => $user['name'], 'rooms' => ['project_*' => 'write'],
        'iat' => $now, 'exp' => $now + 3600];
    $header = encode(json_encode(['alg' => 'HS256', 'typ' => 'JWT']));
    $signed = $header . '.' . encode(json_encode($claims, JSON_THROW_ON_ERROR));
    $secret = getenv('JWT_SECRET') ?: throw new Exception('JWT_SECRET is missing');
    return $signed . '.' . encode(hash_hmac('sha256', $signed, $secret, true));
}

function signed_in_user(): ?array {
    return ['id' => 'usr_1', 'name' => 'Ada']; // your session says who asks: null is nobody
}

$user = $_SERVER['REQUEST_URI'] === '/token' ? signed_in_user() : null;
$token = $user ? token_for($user) : '';
http_response_code($user ? 200 : 401);
header('Content-Type: text/plain');
header('Cache-Control: no-store');
echo $token;
