"""IBM's two token services: IAM of IBM Cloud, and the authorize call of Cloud Pak for Data.

Their requests and answers are those of IBM's ibm-cloud-sdk-core and ibm-watsonx-ai; the texts of a refusal
come from IBM's IAM documentation. Tokens are JWTs signed with a key made at start, and are verified.
"""

import time
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

API_KEY, USERNAME, PASSWORD = "an-api-key", "ada", "a-password"
GRANT_TYPE = "urn:ibm:params:oauth:grant-type:apikey"


class Identity:
    """Issues tokens of ``lifetime`` seconds to who knows the key or the password, and counts them."""

    def __init__(self, lifetime: float = 3600) -> None:
        self.lifetime, self.issued, self.revoked = lifetime, 0, 0
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def revoke(self) -> None:
        """Take no token issued so far any more."""
        self.revoked = self.issued

    def refusal(self, authorization: str) -> str | None:
        """Why a call with this header is not let in: IBM's error code; None if it is."""
        scheme, _, token = authorization.partition(" ")
        try:
            claims = jwt.decode(token, self._key.public_key(), algorithms=["RS256"])
        except jwt.ExpiredSignatureError:
            return "authentication_token_expired"
        except jwt.InvalidTokenError:
            return "authentication_token_not_valid"
        current = scheme == "Bearer" and int(claims["jti"]) > self.revoked
        return None if current else "authentication_token_not_valid"

    async def iam(self, request: Request) -> JSONResponse:
        """POST /identity/token of iam.cloud.ibm.com."""
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("grant_type"), form.get("apikey")) != (GRANT_TYPE, API_KEY):
            fault = {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
            return JSONResponse({**fault, "context": {"requestId": "aWFtLTE"}}, 400)
        token, expiration = self._token("IBMid-1"), int(time.time() + self.lifetime)
        answer = {"access_token": token, "refresh_token": "not_supported", "token_type": "Bearer"}
        ends = {"expires_in": int(self.lifetime), "expiration": expiration}
        return JSONResponse({**answer, **ends, "scope": "ibm openid"})

    async def cloud_pak(self, request: Request) -> JSONResponse:
        """POST /icp4d-api/v1/authorize of a Cloud Pak for Data."""
        asked = await request.json()
        knows = asked.get("api_key") == API_KEY or asked.get("password") == PASSWORD
        if asked.get("username") != USERNAME or not knows:
            text = "User unauthorized to invoke this endpoint."
            return JSONResponse({"_statusCode_": 401, "_messageCode_": text, "message": text}, 401)
        token = self._token(USERNAME)
        return JSONResponse({"_messageCode_": "200", "message": "Success", "token": token})

    def routes(self) -> list[Route]:
        return [
            Route("/identity/token", self.iam, methods=["POST"]),
            Route("/icp4d-api/v1/authorize", self.cloud_pak, methods=["POST"]),
        ]

    def _token(self, subject: str) -> str:
        self.issued += 1
        now = time.time()
        claims = {"sub": subject, "jti": str(self.issued), "iat": int(now), "exp": now + self.lifetime}
        return jwt.encode(claims, self._key, algorithm="RS256")
