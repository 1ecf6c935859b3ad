using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class PersonalTokenIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_users_service_accounts",
                table: "users");

            migrationBuilder.CreateIndex(
                name: "ix_users_owned",
                table: "users",
                columns: new[] { "organisation_id", "owner_id", "created_at", "id" },
                filter: "owner_id IS NOT NULL AND archived_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_users_service_accounts",
                table: "users",
                columns: new[] { "organisation_id", "created_at", "id" },
                filter: "is_service_account AND owner_id IS NULL AND archived_at IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_users_owned",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_users_service_accounts",
                table: "users");

            migrationBuilder.CreateIndex(
                name: "ix_users_service_accounts",
                table: "users",
                columns: new[] { "organisation_id", "created_at", "id" },
                filter: "is_service_account AND archived_at IS NULL");
        }
    }
}
