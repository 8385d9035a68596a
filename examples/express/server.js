// An API that accepts access tokens of Latchkey.
import express from 'express';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const issuer = process.env.LATCHKEY_ISSUER ?? 'http://localhost:8080';
const audience = process.env.AUDIENCE ?? issuer;
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));

// authenticate puts the claims of a valid access token into req.claims.
async function authenticate(req, res, next) {
  const [scheme, token] = (req.get('authorization') ?? '').split(' ');
  if (scheme.toLowerCase() !== 'bearer' || !token) {
    return res.status(401).set('WWW-Authenticate', 'Bearer').json({ error: 'an access token is required' });
  }
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer, audience, algorithms: ['ES256'], typ: 'at+jwt', requiredClaims: ['exp', 'sub', 'client_id'],
    });
    req.claims = payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) return next(error); // Latchkey is away
    return res.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'the access token is not valid' });
  }
  next();
}

const requireRole = role => (req, res, next) =>
  req.claims.roles?.includes(role) ? next() : res.status(403).json({ error: `this operation needs the role ${role}` });

const app = express();
app.disable('x-powered-by');

app.get('/hello', authenticate, (req, res) => {
  res.json({ user: req.claims.sub, roles: req.claims.roles ?? [] });
});

app.get('/admin', authenticate, requireRole('ROLE_ADMIN'), (req, res) => {
  res.json({ secret: 'for administrators' });
});

app.listen(process.env.PORT ?? 3000, '127.0.0.1');
