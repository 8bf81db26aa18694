"""How Microsoft's library sends its calls for tokens; it needs the extra ``azure``."""

from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse


class WatchedTransport(RequestsTransport):  # type: ignore[misc]  # azure-core exports it lazily
    """Remembers an outage, since DefaultAzureCredential tells all failures as one, and as texts only."""

    failed = False
    """Whether Microsoft could not be reached, did not answer, or said that it is failing."""

    def send(self, request: HttpRequest, **options: object) -> HttpResponse:
        try:
            response: HttpResponse = super().send(request, **options)
        except AzureError:
            # The machine's own source of tokens has plain http; on most machines there is none.
            self.failed |= request.url.startswith("https:")
            raise
        self.failed |= response.status_code == 429 or response.status_code >= 500
        return response
