"""Where everything is. Addresses never change (DESIGN.md, rule 7)."""

from django.contrib import admin
from django.urls import include, path

handler400 = "config.errors.bad_request"
handler404 = "config.errors.not_found"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("quizzes.urls")),
    path("", include("relations.urls")),
]
